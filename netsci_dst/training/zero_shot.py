"""Zero-shot tasks for language models, judged by the LM Evaluation Harness."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from ..errors import DataError, NetsciError, RunError, UnknownName
from ..run import Run
from .data.hub import quiet_hub

TASKS = (
    *("cola", "mnli", "mrpc", "qnli", "qqp", "rte", "sst2", "wnli"),
    *("hellaswag", "boolq", "cb", "copa"),
)


def zero_shot(
    run: Run,
    tasks: Sequence[str] | None = None,
    *,
    which: Literal["last", "best"] = "last",
    limit: int | None = None,
    task_folder: str | os.PathLike[str] | None = None,
    batch_size: int = 32,
    device: str = "cpu",
    dataset: Any = None,
) -> list[dict[str, Any]]:
    """Judge a trained language model on tasks it was not trained for.

    Accuracy flatters a model that gives one answer to everything where one class is common;
    Matthews' correlation coefficient (MCC) does not, and is 0 for such a model.

    Parameters
    ----------
    run
        A run of a language model.
    tasks
        Tasks of ``lm-eval``, or of ``task_folder``; by default all of the folder or, without one,
        those of CHTss, table 20.
    which
        The last checkpoint, or the one of the best evaluation.
    limit
        At most so many examples of each task.
    task_folder
        A folder of tasks of one's own, in the YAML of ``lm-eval``.
    batch_size
        Sequences per forward pass.
    device
        ``cpu`` or ``cuda``.
    dataset
        The data set, for a run that was trained on one given directly.

    Returns
    -------
    list of dict
        Rows: task, metric, value, error (standard error where the metric is a mean over examples,
        else None), n, the number of examples, and checkpoint, which of them. `mcc` is there for
        each task that is a choice among the same number of answers.

    Raises
    ------
    RunError
        If the run is no language model, or has no checkpoint.
    UnknownName
        For an unknown task.
    DataError
        If the data of a task cannot be had.
    MissingDependency
        Without ``lm-eval`` (``pip install 'netsci-dst[lm-eval]'``).

    References
    ----------
    CHTss, appendix L, tables 19 and 20.
    """
    if limit is not None and limit < 1:
        raise NetsciError(f"limit is {limit}; at least one example is needed")
    from .integrations.lm_eval import EvaluatedModel
    from .tasks.language_model import LanguageModel
    from .trained_model import restore

    session = restore(run, which, device=device, dataset=dataset)
    if not isinstance(session.task, LanguageModel):
        raise RunError(f"{run.path} is no language model: its task is {session.task.name}")
    model = EvaluatedModel(
        session.model, session.dataset.tokenizer, session.task.sequence_length, batch_size
    )
    found = _evaluate(model, tasks, limit, task_folder)
    rows = []
    for task in found["results"]:
        samples = found["samples"].get(task, [])
        rows += _rows(task, found["results"][task], samples)
    return [row | {"checkpoint": which} for row in rows]


def keep(run: Run, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep rows with the run, in analysis/zero_shot.parquet, for older ones of the same task."""
    new = {(row["task"], row["checkpoint"]) for row in rows}
    known = run.table("analysis/zero_shot")
    known = known.astype(object).where(known.notna(), None).to_dict("records")
    old = [row for row in known if (row["task"], row["checkpoint"]) not in new]
    run.replace("analysis/zero_shot", [*old, *rows])


def _evaluate(
    model: Any,
    tasks: Sequence[str] | None,
    limit: int | None,
    task_folder: str | os.PathLike[str] | None,
) -> dict[str, Any]:
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    place = None if task_folder is None else os.fspath(task_folder)
    if place is not None and not os.path.isdir(place):
        raise DataError(f"there is no folder of tasks at {place}")
    # The thousands of tasks that come with it take seconds to read.
    manager = TaskManager(include_path=place, include_defaults=False) if place else None
    if tasks is None:
        tasks = TASKS if manager is None else manager.all_tasks
        if not tasks:
            raise DataError(f"{place} holds no task: a YAML file with a field 'task' is one")
    if manager is None or not set(tasks) <= set(manager.all_tasks):
        manager = TaskManager(include_path=place)
    for task in tasks:
        if task not in manager.all_tasks:
            raise UnknownName("task", task, manager.all_tasks)
    try:
        with quiet_hub():
            found = simple_evaluate(
                model=model,
                tasks=list(tasks),
                num_fewshot=0,
                limit=limit,
                task_manager=manager,
                log_samples=True,
                bootstrap_iters=0,
                random_seed=None,  # type: ignore[arg-type]  # nobody's generators are touched
                numpy_random_seed=None,  # type: ignore[arg-type]
                torch_random_seed=None,  # type: ignore[arg-type]
            )
    except (OSError, ConnectionError, ValueError) as error:
        raise DataError(f"the data of {', '.join(tasks)} cannot be had: {error}") from error
    return dict(found or {})


def _rows(
    task: str, results: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    rows = []
    for key, value in results.items():
        name, _, kind = key.partition(",")
        if not kind or name.endswith("_stderr") or not isinstance(value, (int, float)):
            continue
        error = _error([sample.get(name) for sample in samples])
        rows.append({"task": task, "metric": name, "value": float(value), "error": error})
    correlation = matthews(samples)
    if correlation is not None:
        rows = [row for row in rows if row["metric"] != "mcc"]
        rows.append({"task": task, "metric": "mcc", "value": correlation, "error": None})
    return [row | {"n": len(samples)} for row in rows]


def _error(values: Sequence[Any]) -> float | None:
    """Return the standard error of a mean over examples; None for what is no such mean."""
    if len(values) < 2 or not all(isinstance(value, (int, float)) for value in values):
        return None
    return float(np.std(values, ddof=1) / math.sqrt(len(values)))


def matthews(samples: Sequence[Mapping[str, Any]]) -> float | None:
    """Return Matthews' correlation of the answers chosen with those that are right.

    Parameters
    ----------
    samples
        Examples as ``lm-eval`` logs them: ``target``, and in ``filtered_resps`` a pair
        ``(log-probability, is greedy)`` per answer.

    Returns
    -------
    float or None
        Of K classes that of Gorodkin (2004); 0 where only one class is chosen or right. None where
        examples are not a choice among the same number of answers.
    """
    from sklearn.metrics import matthews_corrcoef

    answers = [sample["filtered_resps"] for sample in samples]
    if len({len(pairs) for pairs in answers}) != 1 or len(answers[0]) < 2:
        return None
    try:
        right = np.array([int(sample["target"]) for sample in samples])
        chosen = np.array([np.argmax([pair[0] for pair in pairs]) for pairs in answers])
    except (TypeError, ValueError, IndexError):
        return None
    if np.union1d(right, chosen).size < 2:
        return 0.0
    return float(matthews_corrcoef(right, chosen))
