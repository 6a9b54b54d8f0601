"""An AWS CLI for machines without one: ``python -m tests.sandbox.aws_cli s3api create-bucket --bucket NAME``.

It takes the options of one call, as the AWS CLI User Guide says ("Specify parameter values"): text, ``file://``, and
structures as ``Key=value``. ``s3 ls s3://BUCKET`` lists a bucket.
"""

import sys
from pathlib import Path
from typing import Any

import boto3
from botocore import xform_name

_FILE = "file://"


def main() -> None:
    """Make the call on the command line."""
    service, operation, *others = sys.argv[1:]
    if (service, operation) == ("s3", "ls"):
        for item in boto3.client("s3").list_objects_v2(Bucket=others[0].removeprefix("s3://")).get("Contents", []):
            print(item["Key"])
        return
    options = dict(zip(others[::2], others[1::2], strict=True))
    client = boto3.Session(profile_name=options.pop("--profile", None)).client(service.removesuffix("api"))  # type: ignore[call-overload]
    method = operation.replace("-", "_")
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    members = {f"--{xform_name(name, '-')}": (name, shape) for name, shape in model.input_shape.members.items()}
    given: dict[str, Any] = {}
    for option, text in options.items():
        name, shape = members[option]
        value = Path(text.removeprefix(_FILE)).read_text() if text.startswith(_FILE) else text
        given[name] = dict([value.split("=")]) if shape.type_name == "structure" else value
    getattr(client, method)(**given)


if __name__ == "__main__":
    main()
