"""Who does the work on each part of the customers: this process, or the workers of Spark."""

from core.each import Each, in_turn
from features.engines.spark import start
from features.engines.spark_tasks import SparkTasks
from pipelines import stage


def workers(engine: str, parts: int) -> Each:
    """The workers of Spark with `engine: spark`, else this process, which also does a single part.

    Raises EnvironmentProblem where Spark or Java is missing, or a cluster cannot be worked on.
    """
    return SparkTasks(start(), stage.DATA) if engine == "spark" and parts > 1 else in_turn
