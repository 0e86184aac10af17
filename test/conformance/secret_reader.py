"""botocore as a reader of Secrets Manager, found by AWS_ENDPOINT_URL_SECRETS_MANAGER.

Takes {"attempts": n, "inputs": [input of GetSecretValue, ...]} and gives the list of answers, both as JSON.
"""

import base64
import json
import os
import sys

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

order = json.load(sys.stdin)
client = botocore.session.get_session().create_client(
    "secretsmanager",
    region_name=os.environ["AWS_REGION"],
    config=Config(retries={"total_max_attempts": order["attempts"]}),
)


def read(question):
    try:
        found = client.get_secret_value(**question)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return {
            "code": code,
            "message": error.response["Error"]["Message"],
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
            # Of the service's own model, or a mere ClientError.
            "modelled": type(error).__name__ == code,
        }
    binary = found.get("SecretBinary")
    return {
        "arn": found.get("ARN"),
        "name": found.get("Name"),
        "versionId": found.get("VersionId"),
        "stages": found.get("VersionStages"),
        "createdMs": round(found["CreatedDate"].timestamp() * 1000),
        "text": found.get("SecretString"),
        "binary": binary and base64.b64encode(binary).decode(),
    }


json.dump([read(question) for question in order["inputs"]], sys.stdout)
