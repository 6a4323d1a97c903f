"""A web service that acts with the rights of its caller: it forwards the caller's access token to the API.

python forward_token.py 8000, then: curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8000/users
"""

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gcore_iam import APIStatusError, BearerToken, ConfigurationError, IAMClient


def list_emails(iam: IAMClient, authorization: str) -> tuple[int, object]:
    """Return the status and the body of the response for a caller with this header.

    Args:
        iam: A client that all requests share; its own credentials are not used.
        authorization: The `Authorization` header of the caller.
    """
    try:
        view = iam.with_options(auth=BearerToken(authorization))  # the same connections, other credentials
        return 200, [user.email for user in view.users.list()]
    except ConfigurationError:
        return 401, {"message": "send Authorization: Bearer and an access token"}
    except APIStatusError as error:  # 401 for an expired token, 403 for a role that is too low
        return error.status, {"message": error.message}


def build_server(iam: IAMClient, port: int) -> ThreadingHTTPServer:
    """Build the service on 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = list_emails(iam, self.headers.get("Authorization", ""))
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main(port: int) -> None:
    """Serve until Ctrl-C."""
    with IAMClient() as iam, build_server(iam, port) as server:
        server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", metavar="PORT", type=int, help="the port on 127.0.0.1")
    arguments = parser.parse_args()
    main(arguments.port)
