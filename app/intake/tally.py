"""What came of a submission so far: reports of each fate, findings of each resolution, remarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.intake.judging import Judged
from app.intake.models import Submission
from app.intake.words import Fate, Resolution

_SAID = {
    Resolution.STRUCTURE: "resolved by structure",
    Resolution.NAME: "resolved by name",
    Resolution.CURATOR: "resolved by a curator",
    Resolution.GROUP_NAME: "name a group",
    Resolution.QUEUED: "queued as unresolved names",
    Resolution.NOT_A_SUBSTANCE: "name no substance",
}


@dataclass(slots=True)
class Tally:
    """Reports of each fate, findings of each resolution, remarks of each code: so far."""

    fates: Counter[Fate] = field(default_factory=Counter)
    resolutions: Counter[Resolution] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, submission: Submission) -> Tally:
        """As far as the submission has been read."""
        kept = submission.tally
        return cls(
            Counter({Fate(word): n for word, n in submission.fates.items()}),
            Counter({Resolution(word): n for word, n in kept.get("resolutions", {}).items()}),
            Counter(kept.get("reasons", {})),
        )

    def with_more(self, judged: Iterable[Judged]) -> Tally:
        """A tally of its own, with these."""
        more = Tally(self.fates.copy(), self.resolutions.copy(), self.reasons.copy())
        more.add(judged)
        return more

    def add(self, judged: Iterable[Judged]) -> None:
        """Count these too."""
        for one in judged:
            self.fates[one.fate] += 1
            self.resolutions.update(one.resolutions)
            self.reasons.update(note.code for note in one.notes)

    def plain(self) -> dict[str, dict[str, int]]:
        """What is kept of it beside the fates."""
        return {
            "resolutions": {word.value: n for word, n in self.resolutions.items()},
            "reasons": dict(self.reasons),
        }

    def summary(self) -> list[str]:
        """What came of it, in lines for a person."""
        rows = ", ".join(f"{n:,} {fate.value}" for fate, n in self.fates.most_common())
        lines = [f"reports: {self.fates.total():,} ({rows})"]
        by = Counter({_SAID[r]: n for r, n in self.resolutions.items()})
        found = ", ".join(f"{n:,} {how}" for how, n in by.most_common())
        lines.append(f"findings: {self.resolutions.total():,}" + (f" ({found})" if found else ""))
        if self.reasons:
            why = ", ".join(f"{n:,} {reason}" for reason, n in self.reasons.most_common())
            lines.append(f"remarks: {why}")
        return lines
