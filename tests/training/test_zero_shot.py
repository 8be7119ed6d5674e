"""Zero-shot tasks, judged by lm-eval, against what the model itself says."""

import json
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lm_eval")
pytest.importorskip("transformers")

from netsci_dst.errors import DataError, NetsciError, RunError, UnknownName  # noqa: E402
from netsci_dst.training import train  # noqa: E402
from netsci_dst.training.integrations.lm_eval import EvaluatedModel  # noqa: E402
from netsci_dst.training.trained_model import restore  # noqa: E402
from netsci_dst.training.zero_shot import TASKS, keep, matthews, zero_shot  # noqa: E402

LENGTH = 24
EXAMPLES = [("the dog is", 0), ("the cat is", 1), ("a very long tale of the dog is", 0), ("is", 1)]
ANSWERS = ("old", "new")
TASK = """task: pets
dataset_path: json
dataset_kwargs: {{data_files: {{validation: {file}}}}}
output_type: multiple_choice
validation_split: validation
doc_to_text: "{{{{text}}}}"
doc_to_target: label
doc_to_choice: ["old", "new"]
metric_list:
  - metric: acc
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("language")
    text = "the dog is old and the cat is new. " * 60
    (folder / "story.txt").write_text(text)
    return train(
        data="text",
        data_options={"path": str(folder / "story.txt")},
        model="llama-20m",
        model_options={"width": 32, "feed_forward": 48, "layers": 1, "heads": 2},
        task_options={"sequence_length": LENGTH},
        method="set",
        sparsity=0.5,
        steps=30,
        update_steps=10,
        evaluate_steps=30,
        batch_size=8,
        optimizer="adam",
        lr=0.01,
        out=folder / "run",
    )


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "pets.json"
    rows = [{"text": text, "label": label} for text, label in EXAMPLES]
    file.write_text("\n".join(map(json.dumps, rows)))
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "pets.yaml").write_text(TASK.format(file=file))
    return folder


def log_probability(model, context, answer):
    """Of the bytes of an answer after a context, one forward pass per byte."""
    whole, total = list(context.encode()), 0.0
    for byte in answer.encode():
        with torch.no_grad():
            output = model(torch.tensor([whole[-LENGTH:]]))
        logits = getattr(output, "logits", output)[0, -1]
        total += float(logits.log_softmax(-1)[byte])
        whole.append(byte)
    return total


def test_answers_are_those_that_the_model_finds_likelier(run, tasks):
    model = restore(run).model
    chosen = [
        int(np.argmax([log_probability(model, text, f" {answer}") for answer in ANSWERS]))
        for text, _ in EXAMPLES[:2]
    ]
    rows = zero_shot(run, ["pets"], task_folder=tasks, limit=2)
    found = {row["metric"]: row for row in rows}
    assert {row["checkpoint"] for row in rows} == {"last"}
    right = [label for _, label in EXAMPLES[:2]]
    assert found["acc"]["value"] == np.mean(np.array(chosen) == right)
    assert found["mcc"]["n"] == 2
    whole = {row["metric"]: row for row in zero_shot(run, task_folder=tasks)}
    assert whole["acc"]["n"] == 4
    share = whole["acc"]["value"]
    assert whole["acc"]["error"] == pytest.approx(math.sqrt(share * (1 - share) / 3))
    assert whole["mcc"]["error"] is None
    assert -1 <= whole["mcc"]["value"] <= 1


@pytest.fixture
def model(run):
    session = restore(run)
    return EvaluatedModel(session.model, session.dataset.tokenizer, LENGTH, batch_size=2)


def scored(model, pairs):
    """Score (context, continuation) by the interface of lm-eval."""
    from lm_eval.api.instance import Instance

    requests = [Instance("loglikelihood", {}, pair, 0) for pair in pairs]
    return model.loglikelihood(requests, disable_tqdm=True)


def test_log_probabilities_are_the_models(model):
    pairs = [("the dog is", " old"), ("is", " new"), ("and the cat", " is new. the"), ("x", "yz")]
    for (context, answer), (value, greedy) in zip(pairs, scored(model, pairs)):
        truth = log_probability(model.model, context, answer)
        assert value == pytest.approx(truth, abs=1e-4)
        best = model._continued(context, {"max_gen_toks": len(answer)})
        assert greedy == (best == answer)


def test_a_long_context_loses_its_beginning_and_an_empty_one_is_a_line_end(model):
    long = "once upon a time there was a very long beginning, the dog is"
    ((value, _), (empty, _)) = scored(model, [(long, " old"), ("", "the")])
    fed = (long + " old").encode()[-LENGTH - 1 :]
    with torch.no_grad():
        output = model.model(torch.tensor([list(fed[:-1])]))
    rows = getattr(output, "logits", output)[0].log_softmax(-1)
    truth = sum(float(rows[i - 1, fed[i]]) for i in range(len(fed) - 4, len(fed)))
    assert value == pytest.approx(truth, abs=1e-4)
    assert empty == pytest.approx(log_probability(model.model, "\n", "the"), abs=1e-4)


def test_whole_texts_are_scored_in_windows_that_cover_them(model):
    from lm_eval.api.instance import Instance

    text = "the dog is old and the cat is new. the dog"
    (found,) = model.loglikelihood_rolling([Instance("loglikelihood_rolling", {}, (text,), 0)])
    stream, total = [ord("\n"), *text.encode()], 0.0
    for begin in range(0, len(stream) - 1, LENGTH):
        end = min(begin + LENGTH, len(stream) - 1)
        fed = stream[max(0, end - LENGTH) : end]
        with torch.no_grad():
            output = model.model(torch.tensor([fed]))
        rows = getattr(output, "logits", output)[0].log_softmax(-1)
        wanted = stream[begin + 1 : end + 1]
        for k, byte in enumerate(reversed(wanted), 1):
            total += float(rows[-k, byte])
    assert found == pytest.approx(total, abs=1e-3)


def test_a_text_goes_on_until_a_word(model):
    whole = model._continued("the dog", {"max_gen_toks": 12})
    assert len(whole.encode()) == 12
    stop = whole[4:6]
    assert (
        model._continued("the dog", {"max_gen_toks": 12, "until": stop})
        == whole[: whole.index(stop)]
    )
    with pytest.raises(NetsciError, match="not by sampling"):
        model._continued("the dog", {"do_sample": True})


def test_matthews_correlation():
    def samples(right, chosen, k=2):
        return [
            {"target": r, "filtered_resps": [(0.0 if i == c else -1.0, False) for i in range(k)]}
            for r, c in zip(right, chosen)
        ]

    right, chosen = [1, 1, 0, 0, 1, 0], [1, 0, 0, 0, 1, 1]
    tp, tn, fp, fn = 2, 2, 1, 1
    truth = (tp * tn - fp * fn) / math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    assert matthews(samples(right, chosen)) == pytest.approx(truth)
    assert matthews(samples(right, [1] * 6)) == 0
    assert matthews(samples([0, 1, 2], [0, 1, 2], 3)) == pytest.approx(1)
    mixed = samples([0], [0], 2) + samples([0], [0], 3)
    assert matthews(mixed) is None
    assert matthews([{"target": "word", "filtered_resps": [(0.0, True), (1.0, True)]}]) is None


def test_bad_requests(run, tasks, tmp_path):
    with pytest.raises(UnknownName, match="unknown task 'colla'; did you mean 'cola'"):
        zero_shot(run, ["colla"])
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match="holds no task"):
        zero_shot(run, task_folder=empty)
    with pytest.raises(DataError, match="there is no folder of tasks"):
        zero_shot(run, ["cola"], task_folder=tmp_path / "none")
    with pytest.raises(NetsciError, match="at least one example"):
        zero_shot(run, ["pets"], task_folder=tasks, limit=0)
    digits = train(data="digits", method="set", sparsity=0.9, epochs=1, out=tmp_path / "digits",
                   model_options={"hidden": [16, 16]})  # fmt: skip
    with pytest.raises(RunError, match="is no language model: its task is classification"):
        zero_shot(digits)
    (tasks / "gone.yaml").write_text(
        TASK.format(file=tmp_path / "gone.json").replace("pets", "gone")
    )
    with pytest.raises(DataError, match="the data of gone cannot be had"):
        zero_shot(run, ["gone"], task_folder=tasks)


def test_the_tasks_of_the_paper_are_known():
    from lm_eval.tasks import TaskManager

    assert set(TASKS) <= set(TaskManager().all_tasks)


def test_global_random_state_is_left_alone(run, tasks):
    before = np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    zero_shot(run, ["pets"], task_folder=tasks, limit=1)
    assert before == (np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())


def test_the_command(run, tasks, capsys):
    from netsci_dst.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["zero-shot", run.path, "--tasks", "pets", "--task-folder", str(tasks), "--json"])
    assert ended.value.code == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["metric"] for row in rows} >= {"acc", "mcc"}
    assert run.table("analysis/zero_shot").to_dict("records")[0]["task"] == "pets"


def test_rows_are_kept_beside_those_of_other_tasks(run):
    def row(task, value, checkpoint="last", error=None):
        return {"task": task, "metric": "mcc", "value": value, "error": error, "n": 4,
                "checkpoint": checkpoint}  # fmt: skip

    run.replace("analysis/zero_shot", [])
    keep(run, [row("a", 0.1), row("b", 0.2)])
    keep(run, [row("a", 0.3), row("a", 0.4, "best", error=0.1)])
    found = run.table("analysis/zero_shot")[["task", "checkpoint", "value"]]
    expected = [["b", "last", 0.2], ["a", "last", 0.3], ["a", "best", 0.4]]
    assert found.to_numpy().tolist() == expected
