"""Cases and tracking forms, their deadlines, breaches and alerts, people, signatures, and the record of events."""

from .deadlines import Alert, Breach, Deadline
from .forms import Case, Category, Complaint, Holding, Responsibility
from .records import ContactTry, Event, EventText, FaultFinding, Instruction, Resolution, Signature

__all__ = [
    "Alert",
    "Breach",
    "Case",
    "Category",
    "Complaint",
    "ContactTry",
    "Deadline",
    "Event",
    "EventText",
    "FaultFinding",
    "Holding",
    "Instruction",
    "Resolution",
    "Responsibility",
    "Signature",
]
