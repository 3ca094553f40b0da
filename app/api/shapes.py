"""What the API answers with: one pydantic model a thing, made from the rooms' objects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from pydantic import BaseModel

from app.entrance import actor, settings
from app.intake.models import Finding, Report
from app.intake.sight import own_or_secretariat
from app.registry.models import Cluster, Substance
from app.registry.search import Hit


class ControlOut(BaseModel):
    """A listing in the schedules of the conventions."""

    convention: int
    schedule: str
    year: int | None
    source: str
    of: str | None = None  # the number of a substance that was merged into this one


class IdentifierOut(BaseModel):
    """What others call a substance, or one of its forms."""

    scheme: str
    value: str
    of_form: str | None
    of: str | None  # the number of a substance that was merged into this one
    source: str


class SubstanceOut(BaseModel):
    """One substance: what it is, never who reported it."""

    id: str
    url: str
    name: str
    names: list[str] | None = None
    smiles: str
    inchikey: str
    connectivity: str
    key: str  # the connectivity; of a variant that regulators treat apart with its stereo block
    formula: str
    mass: float
    standing: str
    group: str
    family: str
    families: list[str]
    effect: str
    cas: str | None
    identifiers: list[IdentifierOut] | None = None
    merged: list[str] | None = None  # numbers of substances that were found to be this one
    cluster: str
    control: list[ControlOut]


class ClusterOut(BaseModel):
    """One cluster of one family."""

    id: str
    url: str
    family: str
    group: str
    framework: str
    reason: str
    members: int
    substances: list[SubstanceOut] | None = None


class HitOut(BaseModel):
    """A substance found by a search."""

    similarity: float
    substance: SubstanceOut


class FindingOut(BaseModel):
    """One substance detected in a report."""

    substance: str | None
    name: str | None
    substance_name: str | None
    structure: str | None
    form: str | None
    resolution: str
    role: str
    purity_percent: float | None
    techniques: list[str]
    confirmation: str | None
    isomer_resolved: bool | None
    grade: str


class FindingRowOut(BaseModel):
    """One finding with what its report says of when, where and how."""

    id: str
    report: str
    url: str
    authority: str
    reference: str
    version: int
    type: str
    event_kind: str
    event_date: date
    event_end: date
    precision: str
    country: str
    count: int
    handling: str
    received_at: datetime
    simulated: bool
    substance: str | None
    name: str | None
    group: str | None
    family: str | None
    substance_name: str | None
    structure: str | None
    form: str | None
    form_inchikey: str | None
    resolution: str
    role: str
    purity_percent: float | None
    techniques: list[str]
    confirmation: str | None
    isomer_resolved: bool | None
    grade: str


class ReportOut(BaseModel):
    """One report in one version."""

    id: str
    url: str
    authority: str
    reference: str
    version: int
    type: str
    event_kind: str
    event_date: date
    event_end: date
    precision: str
    country: str
    subdivision: str | None  # for the reporting authority and the secretariat alone
    origin: str | None
    transit: str | None
    destination: str | None
    agency: str | None
    count: int
    quantity: float | None
    unit: str | None
    trace: bool | None
    physical_form: str | None
    sold_as: str | None
    outcome: str | None
    causal_role: str | None
    route: str | None
    age_band: str | None
    sex: str | None
    matrix: str | None
    concentration: str | None
    handling: str
    embargo_until: date | None
    received_at: datetime
    superseded_at: datetime | None
    simulated: bool
    findings: list[FindingOut]


def link(path: str) -> str:
    """An absolute address of ours."""
    return f"{settings().base_url}{path}"


def substance_out(
    substance: Substance, *, names: bool = False, merged: Sequence[Substance] = ()
) -> SubstanceOut:
    """A substance as the API shows it; with `names` also all that it is called."""
    return SubstanceOut(
        id=substance.code,
        url=link(f"/substances/{substance.code}"),
        name=substance.name,
        names=[name.name for name in substance.names] if names else None,
        smiles=substance.smiles,
        inchikey=substance.inchikey,
        connectivity=substance.connectivity,
        key=substance.key,
        formula=substance.formula,
        mass=substance.mass,
        standing=substance.standing.value,
        group=substance.group,
        family=substance.family,
        families=substance.families,
        effect=substance.effect,
        cas=substance.cas,
        identifiers=[
            IdentifierOut(
                scheme=held.scheme.value,
                value=held.value,
                of_form=held.of_form or None,
                of=held.of,
                source=held.source,
            )
            for held in substance.identifiers
        ]
        if names
        else None,
        merged=[one.code for one in merged] if names else None,
        cluster=substance.cluster.key,
        control=[
            ControlOut(
                convention=c.convention,
                schedule=c.schedule,
                year=c.year,
                source=c.source,
                of=c.of,
            )
            for c in substance.controls
        ],
    )


def hit_out(hit: Hit) -> HitOut:
    """A search hit as the API shows it."""
    return HitOut(similarity=round(hit.similarity, 4), substance=substance_out(hit.substance))


def cluster_out(
    cluster: Cluster, members: int, substances: list[Substance] | None = None
) -> ClusterOut:
    """A cluster as the API shows it."""
    return ClusterOut(
        id=cluster.key,
        url=link(f"/clusters/{cluster.key}"),
        family=cluster.family,
        group=cluster.group,
        framework=cluster.framework,
        reason=cluster.reason,
        members=members,
        substances=[substance_out(s) for s in substances] if substances is not None else None,
    )


def report_out(report: Report) -> ReportOut:
    """A report as the API shows it, to those who may see its row."""
    return ReportOut(
        id=report.code,
        url=link(f"/reports/{report.code}"),
        authority=report.authority.code,
        reference=report.reference,
        version=report.version,
        type=report.type.value,
        event_kind=report.event_kind.value,
        event_date=report.event_date,
        event_end=report.event_end,
        precision=report.precision.value,
        country=report.country,
        subdivision=report.subdivision if own_or_secretariat(actor(), report) else None,
        origin=report.origin,
        transit=report.transit,
        destination=report.destination,
        agency=report.agency,
        count=report.count,
        quantity=report.quantity,
        unit=report.unit,
        trace=report.trace,
        physical_form=report.physical_form,
        sold_as=report.sold_as,
        outcome=report.outcome,
        causal_role=report.causal_role,
        route=report.route,
        age_band=report.age_band,
        sex=report.sex,
        matrix=report.matrix,
        concentration=report.concentration,
        handling=report.handling.word,
        embargo_until=report.embargo_until,
        received_at=report.received_at,
        superseded_at=report.superseded_at,
        simulated=report.simulated,
        findings=[finding_out(finding) for finding in report.findings],
    )


def finding_out(finding: Finding) -> FindingOut:
    """A finding inside its report."""
    return FindingOut(
        substance=finding.substance.code if finding.substance else None,
        name=finding.substance.name if finding.substance else None,
        substance_name=finding.substance_name,
        structure=finding.structure,
        form=finding.form_label,
        resolution=finding.resolution,
        role=finding.role,
        purity_percent=finding.purity_percent,
        techniques=finding.techniques,
        confirmation=finding.confirmation,
        isomer_resolved=finding.isomer_resolved,
        grade=finding.grade,
    )


def finding_row_out(finding: Finding) -> FindingRowOut:
    """A finding on its own, as the list of findings shows it."""
    report, substance = finding.report, finding.substance
    return FindingRowOut(
        id=finding.code,
        report=report.code,
        url=link(f"/reports/{report.code}"),
        authority=report.authority.code,
        reference=report.reference,
        version=report.version,
        type=report.type,
        event_kind=report.event_kind,
        event_date=report.event_date,
        event_end=report.event_end,
        precision=report.precision,
        country=report.country,
        count=report.count,
        handling=report.handling.word,
        received_at=report.received_at,
        simulated=report.simulated,
        group=substance.group if substance else None,
        family=substance.family if substance else None,
        form_inchikey=finding.form_inchikey,
        **vars(finding_out(finding)),
    )
