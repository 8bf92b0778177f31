"""Codes of the organization floor; the database stores codes, labels are for the screen."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    CARE_AGENT = "care_agent", _("Care agent")
    CARE_MANAGER = "care_manager", _("Care manager")
    DEPARTMENT_MANAGER = "department_manager", _("Department manager")
    GENERAL_MANAGER = "general_manager", _("General manager")
    GROUP_APPROVER = "group_approver", _("Group approver")
    FINANCE = "finance", _("Finance")
    EMPLOYEE = "employee", _("Employee")
    REGIONAL_VIEWER = "regional_viewer", _("Regional viewer")
    ADMINISTRATOR = "administrator", _("Administrator")


class DepartmentCode(models.TextChoices):
    SALES = "sales", _("Sales")
    AFTER_SALES = "after_sales", _("After-sales")
    ACCESSORIES = "accessories", _("Accessories")
    MARKETING = "marketing", _("Marketing")
    CUSTOMER_CARE = "customer_care", _("Customer care")
    ADMINISTRATION = "administration", _("Administration")
    FINANCE = "finance", _("Finance department")


class Clock(models.TextChoices):
    ELAPSED = "elapsed", _("Elapsed hours")
    BUSINESS = "business", _("Opening hours")
    MIXED = "mixed", _("Opening hours under 24 h, elapsed above")


class VersionStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    APPROVED = "approved", _("Approved")
    RETIRED = "retired", _("Retired")


class PolicyKind(models.TextChoices):
    DEADLINES = "deadlines", _("Complaint deadlines")
    SURVEYS = "surveys", _("Calling rules")
    TARGETS = "targets", _("Targets and bands")
    INCENTIVES = "incentives", _("Reward and penalty rules")
