"""The calling rules in force for a store."""

from csi_portal.organization.enums import PolicyKind
from csi_portal.organization.policies import current_policy
from surveys.calling import CallingRules


def calling_rules(store, at) -> CallingRules:
    """The policy table "surveys" in force for the store at `at`, in the store's zone."""
    return CallingRules.from_policy(current_policy(PolicyKind.SURVEYS, store, at).data, store.zone)
