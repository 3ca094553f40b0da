"""Every table of the house, imported so that the metadata is whole (for migrations and tests)."""

from app.access import models as access
from app.db import Base
from app.feeds import personal
from app.intake import models as intake
from app.intake.attachments import models as attachments
from app.intake.duplicates import models as duplicates
from app.intake.profiles import models as profiles
from app.jobs import Job
from app.notification import models as notification
from app.registry import blocks, facts
from app.registry import models as registry
from app.review import models as review
from app.surveillance import models as surveillance
from app.surveillance import rolled

__all__ = [
    "Job",
    "access",
    "attachments",
    "blocks",
    "duplicates",
    "facts",
    "intake",
    "metadata",
    "notification",
    "personal",
    "profiles",
    "registry",
    "review",
    "rolled",
    "surveillance",
]

metadata = Base.metadata
