"""The models that score, read from their folder."""

from pathlib import Path

from core.files import check_manifest, version
from models.bundle import Bundle
from models.churn.reasons import Explainer


def read_served(folder: Path) -> tuple[Bundle, Explainer, str]:
    """The served models in a folder, their explainer and their version (from the files' hashes)."""
    manifest = check_manifest(folder)
    return Bundle.load(folder), Explainer.load(folder), version(manifest)
