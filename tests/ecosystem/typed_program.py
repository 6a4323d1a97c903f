"""A program that calls every method, sync and async: type checkers read it and find nothing; the test runs it."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

from gcore_iam import (
    AmbiguousOutcomeError,
    APIKey,
    AsyncIAMClient,
    AsyncPager,
    Checkpoint,
    IAMClient,
    IAMError,
    NotFoundError,
    Pager,
    PaginationError,
    RawResponse,
    RetryPolicy,
    Session,
    models,
    paginate,
)
from gcore_iam.auth import Anonymous, BearerToken
from gcore_iam.events import CallFinished, Event
from gcore_iam.testing import (
    HTML,
    ContentType,
    Delay,
    DeleteUser,
    EmptyBody,
    ExtraField,
    FakeIAM,
    Hang,
    InsertUser,
    Missing,
    NotUTF8,
    Null,
    Reset,
    Status,
    Truncate,
    UnknownEnum,
)
from gcore_iam_client.api.account import iam_get_last_login_time
from gcore_iam_client.api.users import iam_get_user, iam_get_users

PASSWORD = "correct-horse-battery"


def build_clients(key: str, session: Session) -> list[IAMClient]:
    auths = (key, APIKey(key), APIKey(lambda: key), BearerToken(key), Anonymous(), session)
    return [IAMClient(auth, timeout=5, retries=2, headers={"X-Reason": "test"}) for auth in auths]


def use_users(iam: IAMClient, account: int) -> list[str]:
    pager: Pager[models.User] = iam.users.list(page_size=2, start=0, max_items=50, prefetch=1, consistency="fast")
    emails: list[str] = [user.email for user in pager if user.lang == "fr" or user.lang is not models.Language.DE]
    first: models.User | None = pager.first()
    names: list[str | None] = [user.name for user in pager.collect(limit=5)]
    total: int = pager.total()
    checkpoint: Checkpoint = pager.checkpoint()
    for page in iam.users.list(resume=checkpoint).pages():
        total += len(page.items) + page.number
    user: models.UserPublic = iam.users.get(2)
    phone: str = user.phone or "none"
    roles: list[str] = [group.name.value for group in user.groups if isinstance(group.name, models.GroupName)]
    invited = iam.users.invite(account, "new@example.com", models.Group(id=5), name="New", lang="en")
    later = iam.users.invite(account, "later@example.com", "Users", lang=models.Language.DE)
    iam.users.set_role(account, 2, 5)
    role: models.Group = iam.users.get_role(account, 2)
    updated: models.User = iam.users.update(2, name=None, phone="+1 555", lang="ru", auth_types=["password"])
    iam.users.update(2, name="A", email=updated.email, auth_types=(models.AuthType.PASSWORD,))
    iam.users.revoke(account, later.user_id)
    with contextlib.suppress(NotFoundError, IAMError):
        iam.users.get(10**9)
    print(first is None, names, total, phone, roles, invited.user_id, invited.status.upper(), role.id)
    return emails


def use_tokens(iam: IAMClient, account: int) -> list[int]:
    expiry = datetime.now(UTC) + timedelta(days=30)
    token = iam.tokens.create(account, "ci", "Users", exp_date=expiry, description="for CI")
    key: str = token.token
    found: models.TokenResponse = iam.tokens.get(account, token.id)
    since: datetime = found.created
    new = iam.tokens.rotate(account, found.id, lambda made: print(len(made.token)), name="ci-2", exp_date=None)
    tokens: list[models.TokenResponse] = iam.tokens.list(account, role=2, issued_by=1, deleted=False)
    iam.tokens.delete(account, new.id)
    print(len(key), since.isoformat(), found.client_user.role.id, found.exp_date and found.exp_date.year)
    return [each.id for each in tokens]


def use_account(iam: IAMClient) -> int:
    account: models.ClientBase = iam.account.get()
    logins: Pager[models.LastLoginTimeItem] = iam.account.logins(page_size=10)
    new_id: int = iam.account.create("Second Ltd").id
    tokens: models.Token = iam.auth.select_account(account.id)
    session = Session.from_tokens(tokens.access, tokens.refresh)
    print(account.company_name.upper(), logins.total(), session, iam.auth.refresh(tokens.refresh).access != "")
    return new_id


def use_options(iam: IAMClient, events: list[Event]) -> tuple[RawResponse[models.UserPublic], float]:
    view: IAMClient = iam.with_options(timeout=5, retries=RetryPolicy(1, deadline=60), on_event=events.append)
    raw: RawResponse[models.UserPublic] = view.with_raw_response.users.get(1)
    status: int = raw.status
    tokens = view.with_raw_response.tokens.list(raw.model.client)
    pager: Pager[models.User] = paginate(iam_get_users.sync_detailed, client=iam.api, key=lambda user: user.id)
    logins: Pager[models.LastLoginTimeItem] = paginate(iam_get_last_login_time.sync_detailed, client=iam.api)
    answer: models.UserPublic | None = iam_get_user.sync(1, client=iam.api)
    record = models.as_record(raw.model)
    print(status, raw.request_id, raw.headers["content-type"], tokens.model, pager.total(), logins.total(), answer)
    print(record["email"], raw.model.to_dict()["id"], models.UserPublic.from_dict(raw.model.to_dict()) == raw.model)
    return raw, sum(event.duration for event in events if isinstance(event, CallFinished))


def use_sign_in(iam: IAMClient, user_id: int, email: str) -> models.ForgotPasswordResponse:
    tokens: models.Token = iam.auth.login(email, PASSWORD, one_time_password=None)
    new: models.UpdateUserEmailResponse = iam.users.update_email(user_id, "changed@example.com", PASSWORD)
    iam.users.change_password(user_id, PASSWORD, PASSWORD + "!")
    print(len(tokens.access), new.new_email or "the same")
    return iam.auth.forgot_password(email)


def recover(iam: IAMClient, account: int) -> models.TokenResponse | None:
    try:
        iam.tokens.create(account, "lost", "Users")
    except AmbiguousOutcomeError as error:
        return error.reconcile(models.TokenResponse)
    except PaginationError as error:
        print(error.offset + 1)
    return None


def inject_faults(fake: FakeIAM) -> None:
    fake.inject(Delay(0.001), Status(503), times=2, method="GET", path="/iam/users", after=1)
    faults = [Status(429, retry_after=1), Status(504, after_work=True), Reset(), Reset(after_work=True), Hang()]
    bodies = [Truncate(announced=True), HTML(), EmptyBody(), NotUTF8(), ContentType("text/plain")]
    fields = [Missing("email"), Null("name"), UnknownEnum("lang"), ExtraField("new", 5), InsertUser(1), DeleteUser(1)]
    for fault in (*faults, *bodies, *fields):
        fake.inject(fault, times=None)
    fake.clear_faults()
    print(fake.users[0]["email"], fake.calls, [request.path for request in fake.requests])


async def use_everything(iam: AsyncIAMClient, account: int, user_id: int, email: str) -> None:
    pager: AsyncPager[models.User] = iam.users.list(page_size=2)
    print([user.email async for user in pager], await pager.first(), await pager.collect(1), await pager.total())
    async for page in iam.users.list(resume=pager.checkpoint()).pages():
        print(page.total, [user.id for user in page.items])
    user: models.UserPublic = await iam.users.get(2)
    invited = await iam.users.invite(account, "async@example.com", "Users")
    await iam.users.set_role(account, user.id, models.GroupName.USERS)
    await iam.users.update(user.id, lang=user.lang, name=user.name)
    print((await iam.users.get_role(account, user.id)).name)
    await iam.users.revoke(account, invited.user_id)
    token = await iam.tokens.create(account, "async", 2)

    async def store(made: models.CreateTokenResponseV2) -> None:
        print(len(made.token))

    new = await iam.tokens.rotate(account, token.id, store)
    print([each.name for each in await iam.tokens.list(account)], (await iam.tokens.get(account, new.id)).deleted)
    await iam.tokens.delete(account, new.id)
    logins: AsyncPager[models.LastLoginTimeItem] = iam.account.logins()
    print(await logins.total(), (await iam.account.get()).id + (await iam.account.create("Third Ltd")).id)
    raw: RawResponse[models.UserPublic] = await iam.with_raw_response.users.get(1)
    view: AsyncIAMClient = iam.with_options(headers={"X-Reason": "test"})
    everyone: AsyncPager[models.User] = paginate(iam_get_users.asyncio_detailed, client=view.api)
    print(raw.status, raw.model.email, await everyone.total(), await iam_get_user.asyncio(1, client=iam.api))
    pair: models.Token = await iam.auth.select_account(account)
    pair = await iam.auth.refresh((await iam.auth.login(email, PASSWORD)).refresh)
    print(pair.access, (await iam.users.update_email(user_id, "async2@example.com", PASSWORD)).new_email)
    pair = await iam.users.change_password(user_id, PASSWORD, PASSWORD + "!")
    print(pair.refresh, (await iam.auth.forgot_password("async2@example.com")).status.upper())
    try:
        await iam.tokens.create(account, "lost", "Users")
    except AmbiguousOutcomeError as error:
        found: models.TokenResponse | None = await error.reconcile_async(models.TokenResponse)
        print(found)
    await view.aclose()
