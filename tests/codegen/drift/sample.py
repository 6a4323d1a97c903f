"""Reviews made by hand, so that renderings are tested without a comparison."""

from __future__ import annotations

import hashlib

import attrs

from codegen.drift.report import (
    Acceptance,
    Change,
    Location,
    ObservedFact,
    Review,
    Source,
    Verdict,
    compute_fingerprint,
)

OLD = """\
openapi: 3.1.0
info:
  title: Things API
  version: '2026-05-15'
paths:
  /iam/users:
    get:
      operationId: listUsers
      summary: List users
      parameters:
        - name: limit
          in: query
          schema:
            type: integer
            maximum: 1000
        - name: offset
          in: query
          schema:
            type: integer
      responses:
        '200':
          description: One page of users.
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Users'
  /iam/tokens/{id}:
    delete:
      operationId: deleteToken
      summary: Delete a token
      responses:
        '204':
          description: Deleted.
components:
  schemas:
    Users:
      type: object
      required: [results]
      properties:
        count:
          type: integer
        results:
          type: array
          items:
            $ref: '#/components/schemas/User'
    User:
      type: object
      required: [id, email]
      properties:
        id:
          type: integer
        email:
          type: string
          format: email
        phone:
          type: string
          description: With the country code.
        status:
          type: string
          enum: [active, invited]
        client:
          type: number
        groups:
          type: array
          items:
            type: object
            properties:
              id:
                type: integer
              name:
                type: string
                enum: [Administrators, Users, Engineers]
"""

NEW = """\
openapi: 3.1.0
info:
  title: Things API
  version: '2026-06-30'
paths:
  /iam/users:
    get:
      operationId: listUsers
      summary: List the users of an account
      parameters:
        - name: limit
          in: query
          schema:
            type: integer
            maximum: 100
        - name: offset
          in: query
          schema:
            type: integer
        - name: status
          in: query
          schema:
            type: string
            enum: [active, invited, blocked]
      responses:
        '200':
          description: One page of users.
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Users'
components:
  schemas:
    Users:
      type: object
      required: [results]
      properties:
        count:
          type: integer
        results:
          type: array
          items:
            $ref: '#/components/schemas/User'
    User:
      type: object
      required: [id, email]
      properties:
        id:
          type: integer
        email:
          type: [string, 'null']
          format: email
        status:
          type: string
          enum: [active, invited, blocked]
        client:
          type: integer
        groups:
          type: array
          items:
            type: object
            properties:
              id:
                type: integer
              name:
                type: string
                enum: [Administrators, Users, Engineers, Auditors]
"""

USERS = (
    "GET /iam/users",
    "POST /iam/users",
    "GET /iam/users/{userId}",
    "PATCH /iam/users/{userId}",
    "POST /iam/clients/invite_user",
    "GET /iam/clients/me",
)
"""Operations that a change of `User` reaches."""

USER = "/components/schemas/User"
MODEL = "gcore_iam_client.models.user.User"

HOSTILE = (
    "</script><script>alert(1)</script> </details> <img src=x onerror=alert(1)> \"'` ``` | @octocat #123 GH-1 "
    "org/repo#1 *bold* [link](https://example.com) https://example.com www.example.com a@example.com :tada: "
    "0123456789abcdef ]]> &amp; %0A ::error::x $x$ {{ 7 * 7 }} -- \x00\x07\x1b[31mred\x1b[0m\ud800\u202e\u2028\r\n"
    "# heading\n- item\n::error file=x::injected\n\n---\n"
)
"""What a spec may hold to become more than text."""


def source(name: str, text: str, version: str) -> Source:
    """A side of a review, with its text."""
    sha256 = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return Source(name, sha256, version, tuple(text.splitlines()))


def place(text: str, first: str, lines: int = 1, after: str = "") -> Location:
    """Where a line stands that begins with some words, counted from another line on."""
    rows = text.splitlines()
    start = next((index for index, row in enumerate(rows) if after and row.strip().startswith(after)), 0)
    index = next(index for index in range(start, len(rows)) if rows[index].strip().startswith(first))
    return Location(index + 1, len(rows[index]) - len(rows[index].lstrip()) + 1, index + lines)


def review() -> Review:
    """One with something of everything."""
    gone = Change(
        "api-removed-without-deprecation",
        "wire",
        "error",
        "`DELETE /iam/tokens/{id}` was removed without having been deprecated",
        operations=("DELETE /iam/tokens/{id}",),
        pointer="/paths/~1iam~1tokens~1{id}/delete",
        old=place(OLD, "delete:", 6),
        fingerprint=compute_fingerprint("api-removed-without-deprecation", "/paths/~1iam~1tokens~1{id}/delete", ()),
    )
    nullable = Change(
        "response-property-became-nullable",
        "wire",
        "error",
        "`User.email` may be null",
        operations=USERS,
        pointer=f"{USER}/properties/email",
        old=place(OLD, "email:", 3, after="User:"),
        new=place(NEW, "email:", 3, after="User:"),
        before="string",
        after=["string", "null"],
        fingerprint=compute_fingerprint("response-property-became-nullable", f"{USER}/properties/email", ()),
    )
    phone = Change(
        "response-optional-property-removed",
        "wire",
        "warning",
        "`User.phone` was removed",
        operations=USERS,
        pointer=f"{USER}/properties/phone",
        old=place(OLD, "phone:", 3, after="User:"),
        fingerprint=compute_fingerprint("response-optional-property-removed", f"{USER}/properties/phone", ()),
    )
    limit = Change(
        "request-parameter-max-decreased",
        "wire",
        "error",
        "query parameter `limit` takes at most `100` instead of `1000`",
        operations=("GET /iam/users",),
        pointer="/paths/~1iam~1users/get/parameters/0/schema/maximum",
        old=place(OLD, "maximum:"),
        new=place(NEW, "maximum:"),
        before=1000,
        after=100,
        fingerprint=compute_fingerprint("request-parameter-max-decreased", "/paths/~1iam~1users/get/parameters/0", ()),
        accepted=Acceptance("The client never asks for more than 100 at a time.", "ada", "2026-09-30"),
    )
    changes = (
        gone,
        limit,
        nullable,
        phone,
        Change(
            "response-property-enum-value-added",
            "wire",
            "warning",
            "`User.status` may be `blocked`",
            operations=USERS,
            pointer=f"{USER}/properties/status/enum",
            old=place(OLD, "enum:", after="status:"),
            new=place(NEW, "enum:", after="User:"),
            before=["active", "invited"],
            after=["active", "invited", "blocked"],
            fingerprint=compute_fingerprint(
                "response-property-enum-value-added", f"{USER}/properties/status", ("blocked",)
            ),
        ),
        Change(
            "response-property-enum-value-added",
            "wire",
            "warning",
            "`User.groups[].name` may be `Auditors`",
            operations=USERS,
            pointer=f"{USER}/properties/groups/items/properties/name/enum",
            old=place(OLD, "enum:", after="groups:"),
            new=place(NEW, "enum:", after="groups:"),
            before=["Administrators", "Users", "Engineers"],
            after=["Administrators", "Users", "Engineers", "Auditors"],
            fingerprint=compute_fingerprint(
                "response-property-enum-value-added", f"{USER}/properties/groups", ("Auditors",)
            ),
        ),
        Change(
            "new-optional-request-parameter",
            "wire",
            "info",
            "the optional query parameter `status` is new",
            operations=("GET /iam/users",),
            pointer="/paths/~1iam~1users/get/parameters/2",
            new=place(NEW, "- name: status", 5),
            after={"name": "status", "in": "query", "schema": {"type": "string"}},
        ),
        Change(
            "function-removed",
            "python",
            "error",
            "module `delete_token` is gone",
            operations=("DELETE /iam/tokens/{id}",),
            pointer="/paths/~1iam~1tokens~1{id}/delete",
            symbols=tuple(
                f"gcore_iam_client.api.api_tokens.delete_token.{name}"
                for name in ("sync", "sync_detailed", "asyncio", "asyncio_detailed")
            ),
            old=place(OLD, "delete:", 6),
            causes=(gone.fingerprint,),
        ),
        Change(
            "attribute-type-widened",
            "python",
            "error",
            "`User.email` is `str | None` instead of `str`",
            operations=USERS,
            pointer=f"{USER}/properties/email",
            symbols=(f"{MODEL}.email",),
            old=place(OLD, "email:", 3, after="User:"),
            new=place(NEW, "email:", 3, after="User:"),
            before="str",
            after="str | None",
            causes=(nullable.fingerprint,),
        ),
        Change(
            "attribute-removed",
            "python",
            "error",
            "`User.phone` is gone",
            operations=USERS,
            pointer=f"{USER}/properties/phone",
            symbols=(f"{MODEL}.phone",),
            old=place(OLD, "phone:", 3, after="User:"),
            causes=(phone.fingerprint,),
        ),
        Change(
            "parameter-added",
            "python",
            "info",
            "`list_users` takes `status`",
            operations=("GET /iam/users",),
            pointer="/paths/~1iam~1users/get/parameters/2",
            symbols=("gcore_iam_client.api.users.list_users.sync_detailed",),
            new=place(NEW, "- name: status", 5),
        ),
        Change(
            "lost-parameter",
            "generator",
            "warning",
            "query parameter `status` loses its limits: the generator cannot express them",
            operations=("GET /iam/users",),
            pointer="/paths/~1iam~1users/get/parameters/2",
            new=place(NEW, "- name: status", 5),
        ),
        Change(
            "import-broken",
            "overlay",
            "error",
            "`delete_token` is imported, and gone",
            symbols=("gcore_iam_client.api.api_tokens.delete_token",),
            files=("overlay/gcore_iam/aio/resources/tokens.py:88:9", "overlay/gcore_iam/sync/resources/tokens.py:86:9"),
            causes=(gone.fingerprint,),
        ),
        Change(
            "attribute-broken",
            "overlay",
            "error",
            "`User.phone` is read, and gone",
            symbols=(f"{MODEL}.phone",),
            files=("overlay/gcore_iam/testing/state.py:141:22",),
            causes=(phone.fingerprint,),
        ),
        Change(
            "summary-changed",
            "docs",
            "info",
            "the summary of `GET /iam/users` changed",
            operations=("GET /iam/users",),
            pointer="/paths/~1iam~1users/get/summary",
            old=place(OLD, "summary: List users"),
            new=place(NEW, "summary: List the users"),
            before="List users",
            after="List the users of an account",
        ),
        *(
            Change(
                "description-removed",
                "docs",
                "info",
                f"the spec of `{name}` is gone",
                operations=USERS,
                pointer=f"{USER}/properties/{name}/description",
            )
            for name in ("phone", "lang")
        ),
    )
    return Review(
        old=source("spec/iam_api.yaml", OLD, "2026-05-15"),
        new=source("downloads/new.yaml", NEW, "2026-06-30"),
        verdict=Verdict(wire="breaking", python="breaking", overlay="broken", docs="changed"),
        suggested_bump="major",
        changes=changes,
        notes=("An acceptance of `request-parameter-removed` ran out on 2026-06-01.",),
    )


def hostile() -> Review:
    """One in which every text that comes from a spec tries to be more than text."""
    change = Change(
        HOSTILE,
        "wire",
        "error",
        HOSTILE,
        operations=(HOSTILE,) * 5,
        pointer=f"/{HOSTILE}",
        old=Location(2, 1, 40),
        new=Location(1, 3, 2),
        before=HOSTILE,
        after={HOSTILE: [HOSTILE, None, 1.5]},
        symbols=(HOSTILE,) * 5,
        fingerprint="0123456789abcdef",
        files=(f"{HOSTILE}:1:2",),
    )
    accepted = Change(
        "x", "docs", "info", HOSTILE, accepted=Acceptance(HOSTILE, HOSTILE, "2026-01-01"), causes=(change.fingerprint,)
    )
    text = "\n".join([HOSTILE] * 4)
    return Review(
        old=source(f"{HOSTILE}", text, HOSTILE),
        new=source(f"HEAD:{HOSTILE}", text, HOSTILE),
        verdict=Verdict(wire="breaking", python=None, overlay=None, docs="changed"),
        suggested_bump="major",
        changes=(change, accepted),
        notes=(HOSTILE,),
    )


def nothing() -> Review:
    """One without changes, of which only the wire was looked at."""
    return Review(
        old=source("spec/iam_api.yaml", OLD, "2026-05-15"),
        new=source("-", OLD, "2026-05-15"),
        verdict=Verdict(wire="none", python=None, overlay=None, docs=None),
        suggested_bump="none",
        changes=(),
    )


def observed() -> Review:
    """The first one with observations, one of each agreement."""
    found = review()
    value = next(change for change in found.changes if "blocked" in change.message)
    facts = (
        ObservedFact(
            "contradicted",
            "unannounced_null",
            "null",
            "new spec: `User.client` is `integer`, and required; old spec: `User.client` is `number`",
            *("listUsers", "200", "/results/*/client", ""),
            count=1,
            first_seen="2026-11-02T06:00:00+00:00",
            last_seen="2026-11-02T06:00:00+00:00",
            spec_version="2026-04-01",
            old=place(OLD, "client:"),
            new=place(NEW, "client:"),
        ),
        ObservedFact(
            "unexplained",
            "undocumented_status",
            "an undocumented status: `418`",
            "both specs: GET /iam/users has no response 418",
            *("listUsers", "418", "", ""),
            count=12,
            first_seen="2026-11-01T06:00:00+00:00",
            last_seen="2026-11-27T06:00:00+00:00",
            spec_version="2026-05-15",
        ),
        ObservedFact(
            "explained",
            "undocumented_enum_value",
            "an undocumented value: `blocked`",
            "new spec: `User.status` is one of more values",
            *("listUsers", "200", "/results/*/status", "blocked"),
            count=3,
            first_seen="2026-11-01T06:00:00+00:00",
            last_seen="2026-11-29T06:00:00+00:00",
            spec_version="2026-05-15",
            changes=(value.fingerprint,),
            old=place(OLD, "enum:", after="status:"),
            new=place(NEW, "enum:", after="User:"),
        ),
    )
    return attrs.evolve(found, observed=facts)


def hostile_observed() -> Review:
    """The hostile one with an observation file that somebody else has written."""
    fact = ObservedFact(
        "contradicted",
        *(HOSTILE, HOSTILE, HOSTILE, HOSTILE, "200", f"/{HOSTILE}", HOSTILE),
        count=1,
        first_seen=HOSTILE,
        last_seen=HOSTILE,
        spec_version=HOSTILE,
        changes=("0123456789abcdef",),
        old=Location(2, 1, 40),
    )
    return attrs.evolve(hostile(), observed=(fact,))
