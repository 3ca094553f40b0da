"""The words of closed lists, marked so that the catalogues have them: codes are kept in English and
said in the language of the reader."""

from __future__ import annotations

from app.languages import N_, NN_

MEASURES = {
    "individual_listing": N_("individual listing"),
    "temporary": N_("temporary control"),
    "emergency": N_("emergency control"),
    "generic": N_("generic definition"),
    "analogue": N_("analogue law"),
    "nps_act": N_("NPS act"),
    "medicines_law": N_("medicines law"),
    "consumer_protection": N_("consumer protection"),
    "hazardous_substances": N_("hazardous-substances law"),
    "none": N_("not controlled"),
}
PRESETS = {
    "equal": N_("Equal thirds"),
    "ranked": N_("Prevalence first"),
    "harm_first": N_("Harm first"),
}
FIRMNESS = {"robust": N_("robust"), "contested": N_("contested"), "unlikely": N_("unlikely")}
COUNTED = {  # what a page counts
    "country": NN_("%(number)s country", "%(number)s countries"),
    "event": NN_("%(number)s event", "%(number)s events"),
    "report": NN_("%(number)s report", "%(number)s reports"),
    "substance": NN_("%(number)s substance", "%(number)s substances"),
    "such substance": NN_("%(number)s such substance", "%(number)s such substances"),
    "whole class": NN_("%(number)s whole class", "%(number)s whole classes"),
    "month": NN_("%(number)s month", "%(number)s months"),
    "quarter": NN_("%(number)s quarter", "%(number)s quarters"),
    "more country": NN_("%(number)s more country", "%(number)s more countries"),
    "more signal": NN_("%(number)s more signal", "%(number)s more signals"),
    "finding": NN_("%(number)s finding", "%(number)s findings"),
    "file": NN_("%(number)s file", "%(number)s files"),
    "spectrum": NN_("%(number)s spectrum", "%(number)s spectra"),
    "laboratory": NN_("%(number)s laboratory", "%(number)s laboratories"),
    "peak": NN_("%(number)s peak", "%(number)s peaks"),
}
# said by app.web.wording.label, with spaces for underscores
EVENTS = (
    N_("seizure"), N_("collected sample"), N_("biological sample"), N_("acute toxicity"),
    N_("death"), N_("open source"), N_("event"), N_("aggregate"), N_("withdrawal"),
)  # fmt: skip
STANDINGS = (
    N_("nps"), N_("medicine"), N_("classic"), N_("precursor"), N_("adulterant"),
    N_("unclassified"),
)  # fmt: skip
SIGNALS = (
    N_("watch"), N_("alert"), N_("urgent"), N_("open"), N_("acknowledged"), N_("closed"),
    N_("substance"), N_("block"), N_("cluster"), N_("family"), N_("group"), N_("name"),
    N_("confirmed"), N_("explained"), N_("refuted"), N_("lapsed"), N_("opened"), N_("raised"),
    N_("wider"), N_("doubled"), N_("notice"), N_("advisory"), N_("briefing"), N_("issued"),
    N_("retracted"), N_("expired"), N_("tier"),
)  # fmt: skip
HAPPENINGS = (
    N_("enrolled"), N_("named"), N_("listed"), N_("seen"), N_("merged"), N_("split"), N_("apart"),
    N_("undone"), N_("preferred"), N_("classified"), N_("identified"), N_("signal"), N_("updated"),
)  # fmt: skip
GROUPS = (
    N_("aminoindanes"), N_("benzodiazepines"), N_("fentanyl analogues"), N_("lysergamides"),
    N_("nitazenes"), N_("other"), N_("phencyclidine-type"), N_("phenethylamines"),
    N_("phenidates"), N_("phenmetrazines"), N_("piperazines"), N_("plant-based"),
    N_("synthetic cannabinoids"), N_("synthetic cathinones"), N_("tryptamines"),
)  # fmt: skip
EFFECT_GROUPS = (
    N_("classic hallucinogen"), N_("dissociative"), N_("opioid"), N_("sedative/hypnotic"),
    N_("stimulant"), N_("synthetic cannabinoid"), N_("unassigned"),
)  # fmt: skip
REPORTS = (
    N_("police"), N_("customs"), N_("border"), N_("post"), N_("prison"), N_("health"),
    N_("laboratory"), N_("drug checking"), N_("tablet"), N_("capsule"), N_("blotter"), N_("plant"),
    N_("unit"), N_("powder"), N_("crystal"), N_("liquid"), N_("e liquid"), N_("herbal"),
    N_("resin"), N_("impregnated paper"), N_("edible"), N_("nasal spray"), N_("residue"),
    N_("biological"), N_("main"), N_("minor"), N_("metabolite"), N_("unknown"),
    N_("immunoassay"), N_("colour test"), N_("reference standard"), N_("structure elucidated"),
    N_("library match"), N_("presumptive"), N_("recovered"), N_("hospitalised"),
    N_("intensive care"), N_("sole"), N_("contributory"), N_("present"), N_("oral"), N_("nasal"),
    N_("smoked"), N_("intravenous"), N_("intramuscular"), N_("sublingual"), N_("rectal"),
    N_("female"), N_("male"), N_("structure"), N_("curator"), N_("group name"), N_("queued"),
    N_("not a substance"),
)  # fmt: skip
FACTS = (
    N_("therapeutic"), N_("veterinary"), N_("scientific"), N_("industrial"), N_("none known"),
    N_("commercial"), N_("pharmacopoeia"), N_("international body"), N_("national institute"),
)  # fmt: skip
PRIORITY = (
    N_("prevalent"), N_("persistent"), N_("harmful"), N_("the largest reporter"),
    N_("the severity of its class"), N_("unconfirmed deaths"), N_("without the largest reporter"),
    N_("without the severity of its class"), N_("without unconfirmed deaths"), N_("harm unknown"),
    N_("harm known from aggregates only"), N_("known from aggregates only"),
    N_("no exposure declared: counts, not rates"), N_("no identification of grade A or B"),
    N_("simulated"), N_("hardly prevalent"), N_("hardly persistent"), N_("hardly harmful"),
)  # fmt: skip
CRITERIA = (
    N_("Events"), N_("Rate"), N_("Share of active countries"), N_("Regions"),
    N_("Aggregate volume"), N_("Quarters seen"), N_("Recency"), N_("Duration"),
    N_("Seen after national control"), N_("Deaths"), N_("Harm fraction"), N_("Acute toxicity"),
    N_("Deaths beside its class"), N_("Severity of its class"), N_("regions"), N_("countries"),
    N_("reports a year"), N_("months since last seen"), N_("months since first seen"),
    N_("deaths, weighted by cause and age"), N_("cases, weighted by cause and age"),
    N_("information component"), N_("of %(number)s active countries"),
    N_("events in %(number)s months"), N_("of %(number)s active quarters"),
    N_("of %(number)s events, shrunken"),
    N_("of %(number)s reporting countries that control it"),
)  # fmt: skip
BEHIND = (
    N_("events of authorities that declared their samples"),
    N_("totals, of which the latest year of each country counts"), N_("the last sighting"),
    N_("the first sighting"), N_("sightings in countries that control it"), N_("deaths"),
    N_("events of harm"), N_("events of %(number)s months"),
    N_("sightings in %(number)s quarters"), N_("deaths it caused or contributed to"),
)  # fmt: skip
CHEMISTRY = (
    N_("controlled by name"), N_("controlled by generic clause"),
    N_("undetermined"), N_("not controlled"),
    N_("close analogue"), N_("related"),
)  # fmt: skip
JOBS = (N_("assess"), N_("deliver"), N_("overdue"), N_("failed"))
