"""Calls a Volcengine Live through the vendor's own Python SDK: a JSON command a line on stdin, what came of it on stdout."""

import json
import sys

from volcengine.live.v20230101.live_service import LiveService

METHODS = {
    "DeleteCert": LiveService.delete_cert,
    "ListCertV2": LiveService.list_cert_v2,
    "ListDomainDetail": LiveService.list_domain_detail,
}


def call(command):
    method = METHODS[command["action"]]
    service = LiveService(
        command["host"], command["accessKeyId"], command["secretAccessKey"]
    )
    service.set_scheme("http")
    # All instances of the SDK share one set of credentials, so a token stays until it is replaced.
    service.set_session_token(command["sessionToken"])
    try:
        return {"returned": method(service, command["body"])}
    except Exception as error:
        # For any status but 200 the SDK raises a bare Exception of the body's bytes.
        given = error.args[0] if error.args else ""
        return {"raised": given.decode() if isinstance(given, bytes) else str(given)}


for line in sys.stdin:
    print(json.dumps(call(json.loads(line))), flush=True)
