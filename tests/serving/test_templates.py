"""Templates and messages can be used without the store, the models and the features."""

import subprocess
import sys

HEAVY = ("features", "models", "serving.store", "serving.cards", "sqlalchemy", "fastapi")


def test_a_report_is_rendered_in_words_without_loading_store_models_or_features():
    script = (
        "import sys\n"
        "import serving.web.templates, serving.wording.writing\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (ran.stdout.strip(), ran.stderr) == ("[]", "")
