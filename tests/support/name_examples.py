"""Accepted and refused names, paths and ARNs for each rule, with the reason."""

from collections.abc import Mapping

from components import rules
from components.rules import Rule

ARN = "arn:aws:iam::999999999999"
KEY = "arn:aws:kms:us-east-1:999999999999:key/"
SSO = f"{ARN}:role/aws-reserved/sso.amazonaws.com/"

OF_NAMES: Mapping[str, tuple[Rule, Mapping[str, object], Mapping[str, object]]] = {
    "account id": (
        rules.account_id,
        {"leading zeros": "000000000001"},
        {"11 digits": "1" * 11, "13 digits": "1" * 13, "hyphens": "1111-1111-1111", "a number": 111111111111},
    ),
    "role name": (
        rules.role_name,
        {"1 character": "r", "64 characters": "r" * 64, "every sign": "aZ09_+=,.@-"},
        {"nothing": "", "65 characters": "r" * 65, "a slash": "team/role", "a space": "a b", "a star": "role*"},
    ),
    "policy name": (
        rules.policy_name,
        {"1 character": "p", "128 characters": "p" * 128, "every sign": "aZ09_+=,.@-"},
        {"nothing": "", "129 characters": "p" * 129, "a colon": "a:b"},
    ),
    "group name": (
        rules.group_name,
        {"1 character": "g", "128 characters": "g" * 128, "every sign": "aZ09_+=,.@-"},
        {"nothing": "", "129 characters": "g" * 129, "a hash": "a#b"},
    ),
    "user name": (
        rules.user_name,
        {"1 character": "u", "64 characters": "u" * 64, "an address": "alice+test@example.com"},
        {"nothing": "", "65 characters": "u" * 65, "a variable": "${aws:username}"},
    ),
    "permission set": (
        rules.permission_set_name,
        {"1 character": "p", "32 characters": "p" * 32, "every sign": "aZ09_+=,.@-"},
        {"nothing": "", "33 characters": "p" * 33, "a star": "Dev*", "any character": "De?", "a slash": "a/b"},
    ),
    "roles by moment": (
        rules.role_arns_by_moment,
        {"one": {"2027-01-31T18:00:00Z": [f"{ARN}:role/UpdateApp"]}, "none": {}},
        {},  # its parts have keys of their own, which other tests check
    ),
    "changeable role name": (
        rules.changeable_role_name,
        {"a role": "deploy", "a similar name": "NotAWSReservedSSO_x"},
        {
            "a role of Identity Center": "AWSReservedSSO_Developers_0123456789abcdef",
            "a role of a service": "AWSServiceRoleForSupport",
            "a path": "team/deploy",
        },
    ),
    "bucket name": (
        rules.bucket_name,
        {
            "3 characters": "a-1",
            "63 characters": "b" * 63,
            "digits at both ends": "1.b.2",
            "three numbers with dots": "192.168.1",
            "five numbers with dots": "1.2.3.4.5",
            "a reserved prefix in the middle": "my-xn--bucket",
            "a reserved suffix in the middle": "my-s3alias-bucket",
        },
        {
            "2 characters": "ab",
            "64 characters": "b" * 64,
            "upper case": "aBc",
            "an underscore": "a_c",
            "a first hyphen": "-bc",
            "a last hyphen": "ab-",
            "a first dot": ".bc",
            "a last dot": "ab.",
            "two dots in a row": "a..c",
            "an address": "10.0.0.255",
            "only similar to an address": "999.999.999.999",
            **{f"the prefix {prefix}": f"{prefix}b" for prefix in ("xn--", "sthree-", "amzn-s3-demo-")},
            **{
                f"the suffix {suffix}": f"b{suffix}"
                for suffix in ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
            },
        },
    ),
    "new bucket name": (
        rules.new_bucket_name,
        {"a similar suffix": "logs-pan", "the same in the middle": "logs-an-1"},
        {
            "a name of a regional namespace": "logs-999999999999-us-east-1-an",
            "refused for any bucket": "Logs",
        },
    ),
    "role ARN": (
        rules.role_arn,
        {
            "64 characters of a name": f"{ARN}:role/{'r' * 64}",
            "510 characters of a path": f"{ARN}:role/{'p' * 510}/r",
            "China": f"{ARN.replace('aws', 'aws-cn')}:role/r",
            "GovCloud": f"{ARN.replace('aws', 'aws-us-gov')}:role/r",
        },
        {
            "no name": f"{ARN}:role/",
            "65 characters of a name": f"{ARN}:role/{'r' * 65}",
            "511 characters of a path": f"{ARN}:role/{'p' * 511}/r",
            "a user": f"{ARN}:user/u",
            "a session": "arn:aws:sts::999999999999:assumed-role/r/session",
            "11 digits of an account": "arn:aws:iam::99999999999:role/r",
            "a region": "arn:aws:iam:us-east-1:999999999999:role/r",
            "another cloud": "arn:cloud:iam::999999999999:role/r",
            "the name alone": "UpdateApp",
            "a variable": f"{ARN}:role/${{aws:username}}",
        },
    ),
    "principal": (
        rules.principal_pattern,
        {
            "a user": f"{ARN}:user/team/alice",
            "a role": f"{ARN}:role/deploy",
            "all users": f"{ARN}:user/*",
            "one unknown character": f"{ARN}:role/deploy-?",
            "any account": "arn:aws:iam::*:role/deploy",
            "576 characters": f"{ARN}:user/{'u' * 576}",
            "a role of Identity Center": f"{SSO}AWSReservedSSO_Developers_0123456789abcdef",
            "one of another region": f"{SSO}eu-west-1/AWSReservedSSO_Developers_*",
            "one of any region": f"{SSO}*AWSReservedSSO_Developers_*",
            "one of some regions": f"{SSO}eu-*/AWSReservedSSO_Developers_*",
            "one of any path": f"{ARN}:role/*/AWSReservedSSO_Developers_*",
            "a similar name": f"{ARN}:role/NotAWSReservedSSO_Developers",
        },
        {
            "a group": f"{ARN}:group/Developers",
            "an account": f"{ARN}:root",
            "twelve digits": "999999999999",
            "anybody": "*",
            "users and roles": f"{ARN}:*",
            "a part of an account": "arn:aws:iam::99*:role/deploy",
            "any cloud": "arn:*:iam::999999999999:role/deploy",
            "a session": "arn:aws:sts::999999999999:assumed-role/deploy/*",
            "577 characters": f"{ARN}:user/{'u' * 577}",
            "a variable": f"{ARN}:user/${{aws:username}}",
            "a role of Identity Center without its path": f"{ARN}:role/AWSReservedSSO_Developers_*",
            "with a part of its path": f"{ARN}:role/aws-reserved/AWSReservedSSO_Developers_*",
            "with another path": f"{ARN}:role/team/AWSReservedSSO_Developers_*",
        },
    ),
    "path": (
        rules.path,
        {"the root": "/", "1 character": "/p/", "512 characters": f"/{'p' * 510}/", "two parts": "/a/b/"},
        {
            "nothing": "",
            "no first slash": "p/",
            "no last slash": "/p",
            "513 characters": f"/{'p' * 511}/",
            "two slashes": "//",
            "an empty part": "/a//b/",
            "slashes alone": "///",
            "a star": "/*/",
        },
    ),
    "policy ARN": (
        rules.policy_arn,
        {
            "128 characters of a name": f"{ARN}:policy/{'p' * 128}",
            "a path": f"{ARN}:policy/team/boundary",
            "AWS's own": "arn:aws:iam::aws:policy/PowerUserAccess",
            "AWS's own in China": "arn:aws-cn:iam::aws:policy/job-function/ViewOnlyAccess",
        },
        {
            "129 characters of a name": f"{ARN}:policy/{'p' * 129}",
            "no name": f"{ARN}:policy/",
            "a role": f"{ARN}:role/boundary",
            "the name alone": "boundary",
            "a star": f"{ARN}:policy/*",
        },
    ),
    "key ARN": (
        rules.key_arn,
        {
            "a key": f"{KEY}1234abcd-12ab-34cd-56ef-1234567890ab",
            "a key of several regions": f"{KEY}mrk-1234abcd12ab34cd56ef1234567890ab",
            "256 characters of an id": f"{KEY}{'a' * 256}",
            "GovCloud": "arn:aws-us-gov:kms:us-gov-west-1:999999999999:key/1234abcd",
            "the European Sovereign Cloud": "arn:aws-eusc:kms:eusc-de-east-1:999999999999:key/1234abcd",
        },
        {
            "257 characters of an id": f"{KEY}{'a' * 257}",
            "no id": KEY,
            "an alias": "arn:aws:kms:us-east-1:999999999999:alias/app",
            "the id alone": "1234abcd-12ab-34cd-56ef-1234567890ab",
            "any key": f"{KEY}*",
            "any region": "arn:aws:kms:*:999999999999:key/1234abcd",
            "no region": "arn:aws:kms::999999999999:key/1234abcd",
        },
    ),
}
