"""botocore as a foreign client of AWS: a line of standard input is one request, a line of standard output its answer.

{"call": {service, operation, parameters, credentials}}   an operation of a service, at AWS_ENDPOINT_URL
{"request": {method, url, headers, body, credentials}}    an HTTP request, signed for execute-api
{"signature": {method, url, headers, body, signed, credentials}}   what its authorization header must be

Answers {"result": ...}, or {"error": code, "message": text} where the service refused.
"""

import json
import os
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import botocore.session
from botocore import xform_name
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

REGION = os.environ["AWS_REGION"]
session = botocore.session.get_session()
http = URLLib3Session(verify=os.environ["AWS_CA_BUNDLE"])


def zipped(folder):
    """A folder as the deployment uploads it."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in Path(folder).rglob("*"):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def plain(value):
    """What JSON lacks: streams and times."""
    return value.read().decode() if hasattr(value, "read") else str(value)


def credentials_of(given):
    return Credentials(given["accessKeyId"], given["secretAccessKey"], given.get("sessionToken"))


def call(service, operation, parameters, credentials):
    client = session.create_client(
        service,
        region_name=REGION,
        aws_access_key_id=credentials["accessKeyId"],
        aws_secret_access_key=credentials["secretAccessKey"],
        aws_session_token=credentials.get("sessionToken"),
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )
    folder = parameters.pop("ZipOf", None)
    if folder is not None:
        parameters["Body"] = zipped(folder)
    method = xform_name(operation)
    if client.can_paginate(method):
        return client.get_paginator(method).paginate(**parameters).build_full_result()
    result = getattr(client, method)(**parameters)
    result.pop("ResponseMetadata")
    return result


def request(method, url, headers, body, credentials):
    signed = AWSRequest(method=method, url=url, headers=headers, data=body)
    if credentials is not None:
        SigV4Auth(credentials_of(credentials), "execute-api", REGION).add_auth(signed)
    answer = http.send(signed.prepare())
    return {"status": answer.status_code, "headers": dict(answer.headers.items()), "body": answer.text}


def signature(method, url, headers, body, signed, credentials):
    """The header that API Gateway would compute from the request as it came."""
    auth = SigV4Auth(credentials_of(credentials), "execute-api", REGION)
    kept = {name: value for name, value in headers.items() if name in signed}
    came = AWSRequest(method=method, url=url, headers=kept, data=body)
    came.context["timestamp"] = headers["x-amz-date"]
    # What a sender claims of its body is no proof.
    claimed = kept.get("x-amz-content-sha256")
    if claimed is not None and claimed != auth.payload(AWSRequest(method=method, url=url, data=body)):
        return "x-amz-content-sha256 is of another body"
    canonical = auth.canonical_request(came)
    scope = auth.credential_scope(came)
    names = auth.signed_headers(auth.headers_to_sign(came))
    value = auth.signature(auth.string_to_sign(came, canonical), came)
    return f"AWS4-HMAC-SHA256 Credential={credentials['accessKeyId']}/{scope}, SignedHeaders={names}, Signature={value}"


DOES = {"call": call, "request": request, "signature": signature}

for line in sys.stdin:
    [(kind, arguments)] = json.loads(line).items()
    try:
        answer = {"result": DOES[kind](**arguments)}
    except ClientError as error:
        answer = {"error": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}
    print(json.dumps(answer, default=plain), flush=True)
