"""The handlers of the API's operations: one function for each, named after the operation."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..messages import Response
from . import account, auth, tokens, users
from .call import ANONYMOUS, Call, Caller, build_bad_request

__all__ = ["ANONYMOUS", "HANDLERS", "Call", "Caller", "build_bad_request"]

HANDLERS: Mapping[str, Callable[[Call], Response]] = MappingProxyType(
    {
        "iamLoginUser": auth.login,
        "iamRefreshToken": auth.refresh,
        "iamSelectAccount": auth.select_account,
        "iamForgotPassword": auth.forgot_password,
        "iamChangePassword": auth.change_password,
        "iamCreateAccount": account.create_account,
        "iamGetAccountDetails": account.get_account_details,
        "iamGetLastLoginTime": account.get_last_login_time,
        "iamGetUsers": users.get_users,
        "iamGetUser": users.get_user,
        "iamUpdateUser": users.update_user,
        "iamUpdateUserEmail": users.update_user_email,
        "iamInviteUser": users.invite_user,
        "iamGetClientUserRole": users.get_client_user_role,
        "iamUpdateClientUserRole": users.update_client_user_role,
        "iamRevokeClientUserAccess": users.revoke_client_user_access,
        "iamGetApiTokens": tokens.get_api_tokens,
        "iamGetApiTokensV2": tokens.get_api_tokens,
        "iamCreateApiToken": tokens.create_api_token,
        "iamCreateApiTokenV2": tokens.create_api_token_v2,
        "iamGetApiToken": tokens.get_api_token,
        "iamGetApiTokenV2": tokens.get_api_token,
        "iamDeleteApiToken": tokens.delete_api_token,
        "iamDeleteApiTokenV2": tokens.delete_api_token,
    }
)
