"""Small files as instruments write them, for tests."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

from app.access.roles import Actor
from app.db import Database
from app.intake.attachments.models import Attachment
from app.intake.attachments.service import attach, opened
from tests.reporting import NOW

Pairs = Sequence[tuple[float, float]]
TERMS = {
    "MS:1000511": "ms level", "MS:1000130": "positive scan", "MS:1000514": "m/z array",
    "MS:1000515": "intensity array", "MS:1000523": "64-bit float", "MS:1000521": "32-bit float",
    "MS:1000574": "zlib compression", "MS:1000576": "no compression",
    "MS:1000744": "selected ion m/z", "MS:1000595": "time array",
}  # fmt: skip


def term(accession: str, value: str = "") -> str:
    """One term of the PSI vocabulary."""
    name = TERMS[accession]
    return f'<cvParam cvRef="MS" accession="{accession}" name="{name}" value="{value}"/>'


PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(17)

# MassBank record MSBNK-Antwerp_Univ-METOX_P100502_EF88 (CC BY, Toxicological Center, University of
# Antwerp): dopamine, [M+H]+ at m/z 154.0863, 20 eV
DOPAMINE: Pairs = (
    (51.9948, 2), (65.0379, 275), (66.0471, 17), (91.0529, 999), (94.0884, 1), (107.0385, 2),
    (119.0481, 196), (137.0568, 167),
)  # fmt: skip


def msp(peaks: Pairs = DOPAMINE, *, name: str = "Dopamine", kind: str = "LC-ESI-QTOF") -> bytes:
    """An MSP file of one spectrum."""
    head = f"Name: {name}\nInstrument_type: {kind}\nPrecursorMZ: 154.0863\nIon_mode: P\n"
    rows = "".join(f"{mz}\t{height}\n" for mz, height in peaks)
    return f"{head}Num Peaks: {len(peaks)}\n{rows}\n".encode()


def jcamp(table: str, *, points: int | None = None, **said: str) -> str:
    """A JCAMP-DX file of one infrared spectrum; `said` adds or replaces labels."""
    labels = {
        "TITLE": "Powder", "JCAMP-DX": "4.24", "DATA TYPE": "INFRARED SPECTRUM",
        "ORIGIN": "test", "OWNER": "test", "XUNITS": "1/CM", "YUNITS": "ABSORBANCE",
        "FIRSTX": "400", "LASTX": "409", "XFACTOR": "1", "YFACTOR": "1",
    }  # fmt: skip
    labels |= {name.replace("_", " "): value for name, value in said.items()}
    if points is not None:
        labels["NPOINTS"] = str(points)
    head = "".join(f"##{name}= {value}\n" for name, value in labels.items())
    return f"{head}##XYDATA= (X++(Y..Y))\n{table}\n##END=\n"


def curve(bands: Pairs, *, first: float = 4000, last: float = 600, step: float = 4) -> bytes:
    """A JCAMP-DX infrared spectrum with Gaussian bands 15 1/cm wide at these places."""
    number = round((first - last) / step) + 1
    rows, row = [], []
    for n in range(number):
        x = first - n * step
        height = sum(h * 2.718281828 ** -(((x - at) / 15) ** 2) for at, h in bands)
        row.append(f"{height:.5f}")
        if len(row) == 8 or n == number - 1:
            rows.append(f"{x + step * (len(row) - 1):g} {' '.join(row)}")
            row = []
    text = jcamp("\n".join(rows), points=number, FIRSTX=f"{first:g}", LASTX=f"{last:g}")
    return text.encode()


def array(values: Sequence[float], accession: str, *, bits: int = 64, packed: bool = True) -> str:
    """One binary array of mzML."""
    plain = struct.pack(f"<{len(values)}{'d' if bits == 64 else 'f'}", *values)
    data = base64.b64encode(zlib.compress(plain) if packed else plain).decode()
    form = "MS:1000523" if bits == 64 else "MS:1000521"
    how = "MS:1000574" if packed else "MS:1000576"
    terms = "".join(map(term, (form, how, accession)))
    size = f'encodedLength="{len(data)}"'
    return f"<binaryDataArray {size}>{terms}<binary>{data}</binary></binaryDataArray>"


def scan(peaks: Pairs = DOPAMINE, *, more: str = "", level: int = 2, **how: object) -> str:
    """One spectrum of mzML: MS2 of m/z 154.0863 unless told otherwise."""
    arrays = array([mz for mz, _ in peaks], "MS:1000514", **how)
    arrays += array([height for _, height in peaks], "MS:1000515", **how)
    ion = f"<selectedIonList><selectedIon>{term('MS:1000744', '154.0863')}</selectedIon>"
    chosen = f"<precursorList><precursor>{ion}</selectedIonList></precursor></precursorList>"
    return (
        f'<spectrum id="scan=1" index="0" defaultArrayLength="{len(peaks)}">'
        f"{term('MS:1000511', str(level))}{term('MS:1000130')}{more}{chosen if level > 1 else ''}"
        f"<binaryDataArrayList>{arrays}</binaryDataArrayList></spectrum>"
    )


def mzml(*scans: str, head: str = "") -> bytes:
    """An mzML file of these spectra."""
    body = "".join(scans)
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n{head}<indexedmzML><mzML>'
        f"<run><spectrumList>{body}</spectrumList></run></mzML></indexedmzML>"
    ).encode()


def put(
    database: Database,
    code: str,
    content: bytes,
    name: str,
    *,
    by: Actor,
    finding: int | None = None,
) -> Attachment:
    """Attach a file in a transaction of its own."""
    with database.transaction() as session:
        return attach(session, code, opened(content, name), finding=finding, by=by, now=NOW)[0]
