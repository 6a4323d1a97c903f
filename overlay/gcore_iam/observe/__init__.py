"""Observes where responses of the live API differ from the spec that this client is generated from.

    from gcore_iam import IAMClient
    from gcore_iam.observe import Observer

    with Observer(path="observations.json") as observer, IAMClient(observer=observer) as iam:
        for user in iam.users.list():
            print(user.id)

Needs the extra `gcore-iam[observe]`. `python -m gcore_iam.observe observations.json` prints what was observed.
"""

try:
    import jsonschema_rs as _jsonschema_rs  # noqa: F401 - so that the message names the extra
except ModuleNotFoundError as _error:  # private: a public name of this module would need a type
    raise ImportError(f'{__name__} needs jsonschema-rs: pip install "gcore-iam[observe]"') from _error

from .observation import Observation as Observation
from .observation import ObservationKind as ObservationKind
from .observation import Observations as Observations
from .observer import Observer as Observer
from .observer import ResponseCounts as ResponseCounts

__all__ = ["Observation", "ObservationKind", "Observations", "Observer", "ResponseCounts"]
