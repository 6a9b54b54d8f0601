"""A role of another team that may switch to Production's role, whose ARN comes from Production's stack."""

import pulumi
import pulumi_aws as aws

access = f"{pulumi.get_organization()}/cross-account-access"
update_app = pulumi.StackReference(f"{access}/production").require_output("roleArns")["UpdateApp"]
groups = pulumi.StackReference(f"{access}/development").require_output("assumableRoles")

build = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "codebuild.amazonaws.com"}}
switch = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": update_app}
trust, policy = (pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [only]}) for only in (build, switch))

publisher = aws.iam.Role("publisher", name="Publisher", assume_role_policy=trust)
aws.iam.RolePolicy("update-app", name="update-app", role=publisher.name, policy=policy)

profile = "[profile update-app]\nrole_arn = {}\nsource_profile = development\n"
pulumi.export("awsConfig", pulumi.Output.format(profile, update_app))
pulumi.export(
    "whoMayToo",
    pulumi.Output.all(groups, update_app).apply(
        lambda known: [group for group, roles in known[0].items() if known[1] in roles["allow"]]
    ),
)
