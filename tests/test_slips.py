"""Slips of the keyboard: what was typed, and the one line that answers it before anything is asked or written."""

import re
import shlex
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple

import pytest

from pytest_modeleval.commands.main import WRONG
from tests.conftest import FaultyServer, add_settings, alias, answer, modeleval, run, send
from tests.test_benchmarks import write_rows

# Where nothing listens.
NOBODY = "http://127.0.0.1:9/v1"
CHOICE = '{"question": "What is 6 * 7?", "A": "42", "B": "41", "answer": "A"}\n'


class Slip(NamedTuple):
    """What stands behind `pytest`, and the answer after "ERROR: ", in which … is any text.

    URL is the address of a server with one model, qwen3, and PORT its port.
    """

    typed: str
    answer: str
    # What modeleval.toml holds beside the alias qwen3, and what else lies in the folder.
    toml: str = ""
    files: Mapping[str, str | bytes] = {}


def called(name: str, **keys: object) -> str:
    """An alias of a model, as TOML."""
    return "\n".join([f"[models.{name}]", *(f"{key} = {value!r}" for key, value in keys.items())])


def own(**keys: object) -> str:
    """An alias `w` of the server, with other keys over it."""
    return called("w", **{"base_url": "URL", "model": "qwen3", **keys})


FLAGS = [
    Slip("--modle qwen3", "unknown flag --modle; did you mean --model?"),
    Slip("--models qwen3", "unknown flag --models; did you mean --model?"),
    Slip("--Model qwen3", "unknown flag --Model; did you mean --model?"),
    Slip("-model qwen3", "unknown flag -model; did you mean --model?"),
    Slip("--model qwen3 --eval-limits 5", "unknown flag --eval-limits; did you mean --eval-limit?"),
    Slip("--model qwen3 --eval_limit 5", "unknown flag --eval_limit; did you mean --eval-limit?"),
    Slip("--model qwen3 --eval-limt=5", "unknown flag --eval-limt; did you mean --eval-limit?"),
    Slip("--model qwen3 -eval-limit 5", "unknown flag -eval-limit; did you mean --eval-limit?"),
    Slip("--model qwen3 --perf-paralel 8", "unknown flag --perf-paralel; did you mean --perf-parallel?"),
    Slip("--model qwen3 --eval-normalise x", "unknown flag --eval-normalise: pytest --help has those that there are"),
    Slip("--model qwen3 --perf-colour x", "unknown flag --perf-colour: pytest --help has those that there are"),
    Slip("—model qwen3", "'—model' begins with another dash than flags do: --model"),
    Slip("--model qwen3 –eval gsm8k", "'–eval' begins with another dash than flags do: --eval"),
    Slip("--model qwen3 --eval-limit 0", "--eval-limit takes a whole number of at least 1, not '0'"),
    Slip("--model qwen3 --eval-limit -3", "--eval-limit takes a whole number of at least 1, not '-3'"),
    Slip("--model qwen3 --eval-limit five", "--eval-limit takes a whole number of at least 1, not 'five'"),
    Slip("--model qwen3 --eval-limit 5.5", "--eval-limit takes a whole number of at least 1, not '5.5'"),
    Slip("--model qwen3 --eval-limit 10%", "--eval-limit takes a whole number of at least 1, not '10%'"),
    Slip("--model qwen3 --eval-limit 1,000", "--eval-limit takes a whole number of at least 1, not '1,000'"),
    Slip("--model qwen3 --eval-limit ''", "--eval-limit takes N, not ''"),
    *(
        Slip(f"--model qwen3 {theirs} 1", f"unknown flag {theirs}; did you mean {ours}?")
        for theirs, ours in {
            "--limit": "--eval-limit", "--num_fewshot": "--eval-shots N", "--tasks": "--eval NAME,…", "--datasets": "--eval NAME,…",
            "--eval-batch-size": "--eval-concurrency N", "--api-url": "--model http://…/v1", "--output_path": "--eval-write FILE",
            "--gen_kwargs": "--eval-generation KEY=VALUE", "--model-args": "--eval-set TABLE.KEY=VALUE", "--epochs": "--eval-repeats K",
            "--temperature": "--eval-generation temperature=…", "--parallel": "--perf-parallel N,…",
        }.items()
    ),
    Slip("--model qwen3 --eval-set run.limt=5", "unknown key in --eval-set run: 'limt'; did you mean 'limit'?…"),
    Slip("--model qwen3 --eval-set gsmk8.shots=0", "unknown table in --eval-set: 'gsmk8'; did you mean 'gsm8k'?…"),
    Slip("--model qwen3 --eval-set gsm8k.shots", "--eval-set takes TABLE.KEY=VALUE, …: 'gsm8k.shots'"),
    *(
        Slip(f"--model qwen3 {said} --eval-data data --eval gsm8k{plan}", "unknown kind of sandbox: 'dokcer'; did you mean 'docker'? Known: bwrap, …", toml)
        for said, toml in {"--eval-sandbox dokcer": "", "--eval-set run.sandbox=dokcer": "", "": "[run]\nsandbox = 'dokcer'"}.items()
        for plan in ("", " --eval-plan", " --collect-only -qq")
    ),
    Slip("--model qwen3 --eval swebench", "unknown benchmark in --eval: 'swebench'; did you mean 'swe_bench_lite'?…"),
    Slip("--model qwen3 --eval-data data --eval multiple_humaneval/cpp", "unknown part of multiple_humaneval in --eval: 'cpp'; did you mean 'humaneval-cpp'?…"),
    Slip("--model qwen3 --eval-seed x", "--eval-seed takes a whole number, not 'x'"),
    Slip("--model qwen3 --eval-repeats 0", "--eval-repeats takes a whole number of at least 1, not '0'"),
    Slip("--model qwen3 --eval-concurrency many", "--eval-concurrency takes a whole number of at least 1, not 'many'"),
    Slip("--model qwen3 --eval-hub hf", "--eval-hub takes one of modelscope, huggingface, not 'hf'"),
    Slip("--model qwen3 --eval-cache on", "--eval-cache takes one of off, read, write, only, any, not 'on'"),
    Slip("--model qwen3 --eval-only fail", "--eval-only takes one of regressed, failed, errors, flaky, not 'fail'"),
    Slip("--model qwen3 --eval-filter remove_util=x", "unknown filter in --eval-filter: 'remove_util'; did you mean 'remove_until'?…"),
    Slip("--model qwen3 --eval-filter regex=[", "--eval-filter: '[' is no regular expression: unterminated character set at position 0"),
    Slip("--model qwen3 --eval-prompt '{question'", "--eval-prompt: expected '}' before end of string in '{question'; a brace that is meant is written twice"),
    Slip("--model qwen3 --eval-prompt question", "--eval-prompt: 'question' asks nothing: it has no field such as {question}"),
    *(
        Slip(f"--model qwen3 --eval-data data --eval gsm8k {said}", "unknown field in the prompt of gsm8k: 'qestion'; did you mean 'question'?…", toml)
        for said, toml in {"--eval-prompt {qestion}": "", "--eval-set gsm8k.prompt={qestion}": "", "": "[benchmarks.gsm8k]\nprompt = '{qestion}'"}.items()
    ),
    *(
        Slip(f"--model qwen3 --eval-data data --eval gsm8k --eval-prompt {prompt}", "gsm8k: the prompt template cannot be filled: …; there are: …")
        for prompt in ("{question[1x]}", "{question:d}", "{question.secret}")
    ),
    Slip(
        "--model qwen3 --eval-data data --eval gsm8k",
        "gsm8k: no row has 'question', which its prompt asks for, but answer, asked: are its data another copy? -k 'not gsm8k' leaves it out",
        files={"data/gsm8k/main/test.jsonl": '{"asked": "6 * 7?", "answer": "#### 42"}\n'},
    ),
    Slip("--model qwen3 --eval-system file:nope.txt", "--eval-system cannot read 'nope.txt': … No such file or directory…"),
    Slip("--model qwen3 --eval-shots -1", "--eval-shots takes a whole number of at least 0, not '-1'"),
    Slip("--model qwen3 --eval-shots 5 test_answers.py", "answers has no split of solved examples: ask it with 0 shots, not 5"),
    Slip("--model qwen3 --eval-budget 5", "--eval-budget takes parts above 0 such as 2M tokens, $5 or 30min (also k, h and s), not '5'; a shell takes $5 out of double quotes: write '$5'"),
    Slip("--model qwen3 --eval-budget '2M tokens, , 30min'", "--eval-budget takes parts above 0 such as …, not ''; a shell takes $5 out of double quotes: write '$5'"),
    Slip("--model qwen3 --eval-budget '$five'", "--eval-budget takes parts above 0 such as 2M tokens, $5 or 30min (also k, h and s), not '$five'"),
    Slip("--model qwen3 --eval-run nigthly", "unknown run 'nigthly'; did you mean 'nightly'? Known: nightly. Give the NAME of a table [runs.NAME] in modeleval.toml.", "[runs.nightly]\nlimit = 5"),
]  # fmt: skip

GENERATION = [
    Slip("--model qwen3 --eval-generation temprature=0", "unknown generation setting of model 'qwen3': 'temprature'; did you mean 'temperature'?…"),
    Slip("--model qwen3 --eval-generation temperature=0,7", "generation of model 'qwen3': temperature is a number, not '0,7'"),
    Slip("--model qwen3 --eval-generation temperature=0.7,top_p=0.9", "generation of model 'qwen3': temperature is a number, not '0.7,top_p=0.9'; say each setting by an --eval-generation of its own"),
    Slip("--model qwen3 --eval-generation temperature=hot", "generation of model 'qwen3': temperature is a number, not 'hot'"),
    Slip("--model qwen3 --eval-generation temperature=", "generation of model 'qwen3': temperature is a number, not ''"),
    Slip("--model qwen3 --eval-generation temperature", "--eval-generation takes KEY=VALUE, not 'temperature'"),
    Slip("--model qwen3 --eval-generation max_tokens=1k", "generation of model 'qwen3': max_tokens is a number, not '1k'"),
    Slip("--model qwen3 --eval-generation max_token=5", "unknown generation setting of model 'qwen3': 'max_token'; did you mean 'max_tokens'?…"),
    Slip("--model qwen3 --eval-generation max_new_tokens=5", "generation of model 'qwen3': max_new_tokens is called max_tokens here"),
    Slip("--model qwen3 --eval-generation do_sample=false", "generation of model 'qwen3': do_sample is called temperature, whose 0 is greedy here"),
    Slip("--model w", "generation of model 'w': until is called stop here", own() + "\ngeneration = { until = ['Question:'] }"),
]  # fmt: skip

WITHOUT_A_MODEL = [
    Slip("gsm8k", "gsm8k is a benchmark: give --model NAME, such as --model tiny"),
    Slip("-k gsm8k", "gsm8k is a benchmark: give --model NAME, such as --model tiny"),
    Slip("test_gsm8k.py::test_gsm8k[main-00042]", "gsm8k is a benchmark: give --model NAME, such as --model tiny"),
    *(
        Slip(f"{flag} {value}", f"{flag} is about a model, and this run has none: give --model NAME, such as --model tiny")
        for flag, value in {
            "--eval": "gsm8k", "--eval-limit": "5 test_answers.py", "--eval-file": "own.jsonl", "--eval-baseline": "old.json",
            "--eval-min-score": "gsm8k=0.8", "--eval-write": "page.html", "--eval-plan": "", "--perf-slo": "'p99_ttft<=1s'",
        }.items()
    ),
    Slip("--eval-run pr", "--eval-run is about a model, and this run has none: give --model NAME, such as --model tiny", "[runs.pr]\nlimit = 5"),
    Slip("--perf-parallel 8", "a load test needs a model: give --model NAME"),
]  # fmt: skip

CHOSEN = [
    Slip("--model qwen3 -k gsmk8", "unknown benchmark, subset or tag in -k 'gsmk8': 'gsmk8'; did you mean 'gsm8k'?…"),
    Slip("--model qwen3 -k 'mmlu and Stemm'", "unknown … 'Stemm'; did you mean 'stem'?…"),
    Slip("--model qwen3 -k 'mmlu and anatommy'", "unknown … 'anatommy'; did you mean 'anatomy'?…"),
    Slip("--model qwen3 -k wikitext", "there is no benchmark 'wikitext' here yet: …"),
    Slip("--model qwen3 --eval bfcl_v3", "there is no benchmark 'bfcl_v3' here yet: …"),
    Slip("--model qwen3 --eval gsm8", "unknown benchmark in --eval: 'gsm8'; did you mean 'gsm8k'?…"),
    Slip("--model qwen3 --eval GSM8K", "unknown benchmark in --eval: 'GSM8K'; did you mean 'gsm8k'?…"),
    *(
        Slip(f"--model qwen3 --eval {theirs}", f"unknown benchmark in --eval: '{theirs}'; did you mean '{ours}'?…")
        for theirs, ours in {
            "mmlu_stem": "mmlu/STEM", "arc_easy": "arc/ARC-Easy", "arc-challenge": "arc/ARC-Challenge", "mmlu_abstract_algebra": "mmlu/abstract_algebra",
            "mmlu_pro_law": "mmlu_pro/law", "anatomy": "mmlu/anatomy", "math": "-m math", "Reasoning": "-m reasoning", "gsm8k_cot": "gsm8k",
        }.items()
    ),
    Slip("--model qwen3 --eval swe_bench", "there is no benchmark 'swe_bench' here yet: …"),
    Slip("--model qwen3 --eval humaneval_instruct", "unknown benchmark in --eval: 'humaneval_instruct'; did you mean 'humaneval'?…"),
    Slip("--model qwen3 --eval gpqa", "unknown benchmark in --eval: 'gpqa'; did you mean 'gpqa_diamond'?…"),
    Slip("--model qwen3 --eval aime", "unknown benchmark in --eval: 'aime'; did you mean 'aime25'?…"),
    Slip("--model qwen3 --eval mmlu/stem", "unknown part of mmlu in --eval: 'stem'; did you mean 'STEM'?…"),
    Slip("--model qwen3 --eval gsm8k/", "--eval takes NAME or NAME/PART, such as gsm8k,mmlu/STEM, not 'gsm8k/'"),
    Slip("--model qwen3 --eval 'gsm8k mmlu'", "--eval takes NAME or NAME/PART, such as gsm8k,mmlu/STEM, not 'gsm8k mmlu'"),
    Slip("--model qwen3 --eval mmlu:STEM", "--eval takes NAME or NAME/PART, such as gsm8k,mmlu/STEM, not 'mmlu:STEM'"),
    Slip("--model qwen3 --eval test_gsm8k.py", "--eval takes NAME or NAME/PART, such as gsm8k,mmlu/STEM, not 'test_gsm8k.py'"),
    Slip("--model qwen3 -k gsm8k,mmlu", "-k 'gsm8k,mmlu' is no expression: …; words stand between and, or, not"),
    Slip("--model qwen3 -k 'gsm8k or'", "-k 'gsm8k or' is no expression: expected …; words stand between and, or, not"),
    Slip("--model qwen3 -k 'gsm8k mmlu'", "-k 'gsm8k mmlu' is no expression: expected end of input…; words stand between and, or, not"),
    Slip("--model qwen3 -m Math", "unknown tag in -m 'Math': 'Math'; did you mean 'math'?…"),
    Slip("--model qwen3 -m mat", "unknown tag in -m 'mat': 'mat'; did you mean 'math'?…"),
    Slip("--model qwen3 -k mmlu/STEM", "-k takes words, not 'mmlu/STEM': --eval mmlu/STEM, or -k 'mmlu and STEM'"),
    Slip("--model qwen3 -k 'gsm8k/main or arc/ARC-Easy'", "-k takes words, not 'gsm8k/main': --eval gsm8k/main, or …"),
    Slip("--model qwen3 -m maths", "unknown tag in -m 'maths': 'maths'; did you mean 'math'?…"),
    Slip("--model qwen3 --eval-data data test_gsm8k.py::test_gsm8k[main-1]", "there is no test_gsm8k[main-1] in test_gsm8k.py; did you mean test_gsm8k[main-00001]?"),
    Slip("--model qwen3 --eval-data data test_gsm8k.py::test_gsm8", "there is no test_gsm8 in test_gsm8k.py; did you mean test_gsm8k?"),
    Slip("--model qwen3 --eval-collection c.toml", "unknown benchmark in c.toml: 'gsmk'; did you mean 'gsm8k'?…", files={"c.toml": "[[datasets]]\nname = 'gsmk'"}),
    Slip("--model qwen3 --eval-collection c.toml", "c.toml: 'gsm8k': weight is a number above 0, not -1", files={"c.toml": "[[datasets]]\nname = 'gsm8k'\nweight = -1"}),
    Slip("--model qwen3 --eval-collection c.yaml", "--eval-collection takes a .toml or .json schema or a .jsonl index, not 'c.yaml'", files={"c.yaml": ""}),
    Slip("--model qwen3 --eval gsm8k arc", "there is no file 'arc'; several values of --eval stand between commas: --eval gsm8k,arc"),
    Slip("--model qwen3 --eval gsm8k mmlu/STEM arc", "there is no file 'mmlu/STEM'; several values of --eval stand between commas: --eval gsm8k,mmlu/STEM,arc"),
    Slip("--eval gsm8k --model qwen3 other", "there is no file 'other'; --model is given anew for each: --model qwen3 --model other"),
    Slip("--model qwen3 --eval-write out.json out.html", "there is no file 'out.html'; --eval-write is given anew for each: --eval-write out.json --eval-write out.html"),
    Slip("--model qwen3 --eval-generation=top_p=1 top_k=5", "there is no file 'top_k=5'; --eval-generation is given anew for each: --eval-generation top_p=1 --eval-generation top_k=5"),
    Slip("--model qwen3 'test_gsm8k[main-00001]'", "a sample is called with its file: test_gsm8k.py::test_gsm8k[main-00001]"),
    Slip("--model qwen3 'gsm8k[main-00001]'", "a sample is called with its file: test_gsm8k.py::test_gsm8k[main-00001]"),
    Slip("--model qwen3 'test_answers[easy-00000]'", "a sample is called with its file: FILE::test_answers[easy-00000], or -k 'test_answers[easy-00000]'"),
    Slip("'test_gsm8k[main-00001]'", "gsm8k is a benchmark: give --model NAME, such as --model tiny"),
    Slip("--model qwen3 test_gsm9k.py", "there is no file 'test_gsm9k.py'; did you mean test_gsm8k.py, …"),
    Slip("--model qwen3 --eval-data data test_gsm8k.py::test_gsm8k[main-99999]", "there is no …gsm8k[main-99999]: main has 2 samples, numbered from 00000"),
    Slip("--model qwen3 --eval-data nowhere", "--eval-data: there is no folder 'nowhere'"),
    Slip("--model qwen3 --eval-data test_answers.py", "--eval-data takes a folder, and 'test_answers.py' is a file"),
    Slip("--model qwen3 --eval-data 'my data' -k gsm8k --eval-offline", "gsm8k has no main/test of AI-ModelScope/gsm8k in ModelScope's cache on this machine, and nothing is fetched with --eval-offline (there is no folder …/my data/gsm8k either): modelscope download AI-ModelScope/gsm8k --repo-type dataset"),
]  # fmt: skip

SETTINGS = [
    Slip("--model qwen3", "unknown benchmark in the config: 'gsmk'; did you mean 'gsm8k'?…", "[benchmarks.gsmk]\nshots = 0"),
    Slip("--model qwen3 test_answers.py", "unknown key in modeleval.toml: benchmark 'gsm8k': 'shot'; did you mean 'shots'?…", "[benchmarks.gsm8k]\nshot = 0"),
    Slip("--model qwen3 test_answers.py --eval-set gsm8k.shot=0", "unknown key in --eval-set gsm8k: 'shot'; did you mean 'shots'?…"),
    Slip("--model qwen3", "unknown … in modeleval.toml: 'model'; did you mean 'models'?…", "[model.other]\nmodel = 'm'"),
    Slip("--model qwen3", "modeleval.toml: [tool.modeleval.NAME] of pyproject.toml is [NAME] here", "[tool.modeleval.run]\nlimit = 5"),
    Slip("--model qwen3", "modeleval.toml: [run]: judge is a role: say it in [roles], or as a model, \"judge=NAME\"", "[run]\njudge = 'qwen3'"),
    Slip("--model w", "modeleval.toml: model 'w': max_tokens is a generation setting: generation = { max_tokens = … }", own(max_tokens=5)),
    *(
        Slip("--model w", f"unknown key in modeleval.toml: model 'w': '{theirs}'; did you mean '{ours}'?…", called("w", model="qwen3", **{theirs: "URL"}))
        for theirs, ours in {"url": "base_url", "api_base": "base_url", "model_name": "model"}.items()
    ),
    Slip("--model qwen3", "unknown key in modeleval.toml: [run]: 'limt'; did you mean 'limit'?…", "[run]\nlimt = 5"),
    Slip("--model qwen3", "modeleval.toml: [run] limit takes a whole number of at least 1, not '5.5'", "[run]\nlimit = 5.5"),
    Slip("--model qwen3", "modeleval.toml: [run] margin belongs into [gate]", "[run]\nmargin = '1pp'"),
    Slip("--model qwen3", "modeleval.toml: [gate] limit belongs into [run]", "[gate]\nlimit = 5"),
    Slip("--model qwen3 test_answers.py", "unknown key in modeleval.toml: benchmark 'answers': 'shot'; did you mean 'shots'?…", "[benchmarks.answers]\nshot = 0"),
    Slip("--model qwen3 test_answers.py", "modeleval.toml: benchmark 'answers': shots is a whole number, not 'x'", "[benchmarks.answers]\nshots = 'x'"),
    Slip("--model qwen3", "modeleval.toml: benchmark 'answers' is a table of settings, not 0", "[benchmarks]\nanswers = 0"),
    Slip("--model qwen3", "…/modeleval.toml is not TOML: … (at line 4, column …)", "[run\nlimit = 5"),
    Slip("--model qwen3", "unknown key in modeleval.toml: [run]: 'perf_paralel'; did you mean 'perf_parallel'?…", "[run]\nperf_paralel = 8"),
    Slip("--model w", "modeleval.toml: model 'w': keys do not belong in a file; put it into an environment variable and name that in api_key_env", own(api_key="sk-1")),
    Slip("--model w", "model 'w': the environment variable QWEN_KEY has no key", own(api_key_env="QWEN_KEY")),
    Slip("--model w", "generation of model 'w': temperature is a number, not '0'", own() + "\ngeneration = { temperature = '0' }"),
    Slip("--model w", "unknown key in modeleval.toml: model 'w': 'baseurl'; did you mean 'base_url'?…", called("w", baseurl="URL", model="qwen3")),
    Slip("--model w", "modeleval.toml: model 'w': timeout is a number, not '60'", own(timeout="60")),
    Slip("--model w", "modeleval.toml: model 'w': timeout is in seconds and above 0, not -1", own(timeout=-1)),
    Slip("--model w", "modeleval.toml: model 'w': retries is a whole number, not 1.5", own(retries=1.5)),
    Slip("--model w", "modeleval.toml: model 'w': headers is a table, not a text", own(headers="X-Key: 1")),
    Slip("--model w", "modeleval.toml: model 'w' needs model = …", called("w", base_url="URL")),
    Slip("--model w", "unknown api of model 'w': 'opnai'; did you mean 'openai'?…", own(api="opnai")),
]  # fmt: skip

MODELS = [
    Slip("--model qwn3", "unknown model 'qwn3'; did you mean 'qwen3'? Known: qwen3, tiny. Give an alias …, a hub id …, an address …"),
    Slip("--model ''", "--model takes NAME, not ''"),
    Slip("--model qwen3,other", "--model takes one model: --model qwen3 --model other"),
    Slip("--model 'qwen3, other'", "--model takes one model: --model qwen3 --model other"),
    Slip("--model http://127.0.0.1:9/v1,other", "--model takes one model: --model http://127.0.0.1:9/v1 --model other"),
    Slip("--model w test_answers.py", "model 'w': the key in the environment variable BROKEN_KEY is not one word of ASCII: …", own(api_key_env="BROKEN_KEY")),
    Slip("--model w --perf-parallel 1", "model 'w': the key in the environment variable BROKEN_KEY is not one word of ASCII: …", own(api_key_env="BROKEN_KEY")),
    Slip("--model qwen3 --model qwen3", "--model names a model twice: qwen3, qwen3; give each once"),
    Slip(f"--model {NOBODY}", f"…nothing answers at {NOBODY}… is the server running?"),
    Slip("--model https://127.0.0.1:PORT/v1", "…nothing answers at … (it does not speak TLS: write http://)…"),
    Slip("--model w", "model 'w': base_url = '127.0.0.1:PORT/v1' lacks http:// or https:// in front", own(base_url="127.0.0.1:PORT/v1")),
    Slip("--model w", "model 'w': base_url = 'http://127.0.0.1:99999/v1' is no address: Port out of range 0-65535", own(base_url="http://127.0.0.1:99999/v1")),
    Slip("--model w", "model 'w': base_url = 'htp://127.0.0.1/v1' lacks http:// or https:// in front", own(base_url="htp://127.0.0.1/v1")),
    Slip("--model replay:no.jsonl", "--model replay:no.jsonl: there is no file 'no.jsonl'"),
    Slip("--model replay:r.jsonl", "r.jsonl has no recorded answers: replay reads its own lines …", files={"r.jsonl": ""}),
    Slip("--model replay:r.json", "r.json has no recorded answers: …", files={"r.json": '{"eval": {}, "samples": []}'}),
    Slip(
        "--model replay:r.jsonl test_answers.py",
        "none of the answers in r.jsonl (2) is to a sample of this run: the first is to 'q-1', not to such as 'answers[easy-00000]' or its prompt",
        files={"r.jsonl": '{"id": "q-1", "text": "42"}\n{"id": "q-2", "text": "42"}\n'},
    ),
    Slip("--model ./nowhere", "--model ./nowhere: there is no folder './nowhere'"),
    Slip("--model ~/nowhere", "--model ~/nowhere: there is no folder '~/nowhere'"),
    Slip("--model nowhere/", "--model nowhere/: there is no folder 'nowhere/'"),
    Slip("--model 127.0.0.1:PORT/v1", "--model 127.0.0.1:PORT/v1: an address begins with http:// or https://: --model URL"),
    Slip("--model http:/127.0.0.1:9/v1", "--model http:/127.0.0.1:9/v1: an address begins with http:// or https://: --model http://127.0.0.1:9/v1"),
    Slip("--model w", "model 'w': base_url = '' lacks http:// or https:// in front", own(base_url="")),
    Slip("--model jugde=qwen3", "unknown role in --model jugde=qwen3: 'jugde'; did you mean 'judge'?…"),
    Slip("--model qwen3 --model judge=qwn3", "unknown model 'qwn3'; did you mean 'qwen3'?…"),
    Slip("--model qwen3", "unknown role in modeleval.toml: [roles]: 'jugde'; did you mean 'judge'?…", "[roles]\njugde = 'qwen3'"),
    *(
        Slip(f"--model tiny --eval-set model.{said}", answer)
        for said, answer in {
            "dtyp=float32": "unknown key in args of model 'tiny': 'dtyp'; did you mean 'dtype'?…",
            "precision=float16": "unknown key in args of model 'tiny': 'precision'; did you mean 'dtype'?…",
            "dtype=bf16": "args of model 'tiny': dtype is one of auto, …, not 'bf16'; did you mean 'bfloat16'?",
            "dtype=torch.float16": "args of model 'tiny': dtype is one of auto, …, not 'torch.float16'; did you mean 'float16'?",
            "batch_size=0": "args of model 'tiny': batch_size is a whole number of at least 1, not 0",
            "batch_size=auto": "args of model 'tiny': batch_size is a whole number of at least 1, not 'auto'",
            "batching=fast": "args of model 'tiny': batching is 'static' or 'continuous', not 'fast'",
            "trust_remote_code=yes": "args of model 'tiny': trust_remote_code is true or false, not 'yes'",
        }.items()
    ),
    Slip("--model run:last", "there is no run store … yet: a run with --model makes it"),
    Slip("--model ./empty", "the folder empty has no config.json: …"),
    Slip("--model ./m.gguf", "m.gguf is in llama.cpp's format: serve it with llama-server, …", files={"m.gguf": "GGUF"}),
    Slip("--model ./lora", "the folder lora holds an adapter alone: …", files={"lora/adapter_config.json": "{}"}),
    Slip("--model org/name --eval-offline", "org/name is not on this machine, and nothing is fetched with --eval-offline …: modelscope download org/name"),
]  # fmt: skip

OWN_FILES = [
    Slip("--model qwen3 --eval-file no.jsonl", "--eval-file: there is no file '…/no.jsonl'"),
    Slip("--model qwen3 --eval-file q.xlsx", "--eval-file: …/q.xlsx is a spreadsheet's own format: save it as CSV UTF-8", files={"q.xlsx": "PK"}),
    Slip("--model qwen3 --eval-file q.jsonl", "…/q.jsonl has no row", files={"q.jsonl": ""}),
    Slip("--model qwen3 --eval-file q.jsonl", "…/q.jsonl:1 is not UTF-8: 0xe9 …; save it as UTF-8…", files={"q.jsonl": CHOICE.replace("6 *", "é").encode("latin-1")}),
    Slip("--model qwen3 --eval-file q.jsonl", "…/q.jsonl:1: …'Z'…", files={"q.jsonl": CHOICE.replace('"A"}', '"Z"}')}),
    Slip("--model qwen3 --eval-file q.jsonl", "…/q.jsonl:1: column 'question' is missing…", files={"q.jsonl": CHOICE.replace("question", "qestion")}),
    Slip(
        "--model qwen3 --eval-file q.jsonl",
        "…/q.jsonl:1: …not JSON…\n…/q.jsonl:2: …\n…/q.jsonl:3: …'question'…\n…/q.jsonl:4: …'Z'…\n…/q.jsonl:6: …not JSON…",
        files={"q.jsonl": f"{{\n[1]\n{{}}\n{CHOICE.replace(chr(34) + 'A' + chr(34) + '}', chr(34) + 'Z' + chr(34) + '}')}{CHOICE}no\n"},
    ),
    Slip("--model qwen3 --eval-file q.jsonl", "…/q.jsonl:2: column 'id' is 1, as at …:1", files={"q.jsonl": CHOICE.replace("{", '{"id": 1, ') * 2}),
]  # fmt: skip

GATES = [
    Slip("--model qwen3 --eval-baseline old.json", "there is no baseline …/old.json yet: bless a run (--eval-save-baseline)"),
    Slip("--model qwen3 --eval-baseline empty", "cannot read the baseline …/empty: Is a directory"),
    Slip("--model qwen3 --eval-baseline old.json", "…/old.json holds the marks of a merge conflict: …", files={"old.json": "{\n<<<<<<< HEAD\n}"}),
    Slip("--model qwen3 --eval-baseline old.json", "…/old.json is no baseline", files={"old.json": "{}"}),
    Slip("--model qwen3 --eval-baseline old.json --eval-margin 1", "--eval-margin takes percentage points or a share of the samples: 1pp or 0.01, not '1'"),
    Slip("--model qwen3 --eval-baseline old.json --eval-margin 1%", "--eval-margin takes percentage points or a share of the samples: 1pp or 0.01, not '1%'"),
    Slip("--model qwen3 --eval-baseline old.json --eval-margin pp", "--eval-margin takes percentage points or a share of the samples: 1pp or 0.01, not 'pp'"),
    Slip("--model qwen3 --eval-margin 1pp", "--eval-margin is about --eval-baseline FILE, which is missing"),
    Slip("--model qwen3 --eval-stop-early", "--eval-stop-early compares with a run: give --eval-baseline FILE"),
    Slip("--model qwen3 --eval-min-score answers", "--eval-min-score takes BENCHMARK=SCORE or BENCHMARK:PART=SCORE, not 'answers'"),
    Slip("--model qwen3 --eval-min-score answers=high", "--eval-min-score answers takes a score such as 0.8 or 80%, not 'high'"),
    Slip("--model qwen3 --eval-data data --eval gsm8k --eval-min-score gsm8k=80", "--eval-min-score gsm8k takes a score such as those of gsm8k, 0 to 1, not 80; did you mean 0.80?"),
    Slip("--model qwen3 --eval-file q.jsonl --eval-min-score q=72.5", "--eval-min-score q takes … not 72.5; did you mean 0.725?", files={"q.jsonl": CHOICE}),
    Slip("--model qwen3 --eval-min-score anwers=1 test_answers.py", "unknown benchmark in --eval-min-score, none of this run: 'anwers'; did you mean 'answers'?…"),
    Slip("--model qwen3 --eval-min-score answers:eazy=1 test_answers.py", "unknown part of answers in --eval-min-score: 'eazy'; did you mean 'easy'?…"),
    Slip("--model qwen3 -x --eval-save-baseline new.json", "-x ends the run at wrong answers, and --eval-save-baseline needs all of its samples: leave -x out"),
    Slip("--model qwen3 -p rerunfailures --reruns 2 --eval-save-baseline new.json", "pytest-rerunfailures asks again until an answer is right, which no gate can weigh: leave --reruns out; …"),
]  # fmt: skip

WRITTEN = [
    Slip("--model qwen3 --eval-write out.xml", "--eval-write takes a FILE that ends in .csv, .html, …, not 'out.xml'; …"),
    Slip("--model qwen3 --eval-write out", "--eval-write takes a FILE that ends in .csv, .html, …, not 'out'; …"),
    Slip("--model qwen3 --eval-write empty", "--eval-write takes a file to write, and …/empty is a folder"),
    Slip("--model qwen3 -p no:allure_pytest --alluredir x", "--alluredir needs allure-pytest: pip install 'pytest-modeleval[allure]'"),
]  # fmt: skip

LOADS = [
    *(
        Slip(f"--model qwen3 --perf-parallel '{value}'", f"--perf-parallel takes whole numbers of at least 1 between commas, such as 1,8,32; not '{value}'…")
        for value in ("1;8", "0", "1-8", "1,,8", "abc", "1.5")
    ),
    Slip("--model qwen3 --perf-parallel 1 --perf-slo 'p99_ttft<500'", "--perf-slo: 'p99_ttft<500' has no unit: write 500ms or 500s (as in p99_ttft<500ms)"),
    Slip("--model qwen3 --perf-parallel 1 --perf-slo 'ttft_p99<=500ms'", "unknown figure in --perf-slo: 'ttft_p99'; did you mean 'p99_ttft'?…"),
    Slip("--model qwen3 --perf-parallel 1 --perf-slo 'p99_ttft=500ms'", "--perf-slo: 'p99_ttft=500ms' is no condition; …"),
    Slip("--model qwen3 --perf-slo 'p99_ttft<=500ms'", "--perf-slo is about a load test, and this run has none: give --perf-parallel N, …"),
    Slip("--model qwen3 --perf-rate fast", "--perf-rate takes a number above 0, or several between commas; not 'fast'"),
    Slip("--model qwen3 --perf-parallel 1 --perf-duration 10", "--perf-duration takes a time with its unit, such as 60s, 500ms, 5min or 1h; not '10'; did you mean 10s?"),
    Slip("--model qwen3 --perf-parallel 1 --perf-endpoint chats", "--perf-endpoint takes one of chat, …, not 'chats'"),
    Slip("--model qwen3 --perf-parallel 1 --perf-rate 2", "--perf-parallel and --perf-rate are two kinds of load: give one; …"),
    Slip("--model qwen3 --perf-find 'max paralel where p99_ttft<=1s'", "--perf-find takes \"max parallel where p99_ttft<=500ms\", …, not 'max paralel where p99_ttft<=1s'"),
    Slip("--model qwen3 --perf-parallel 1 --perf-turns 0", "--perf-turns takes a number of turns from 1, or a range such as 2-5; not '0'"),
    Slip("--model qwen3 --perf-parallel 1 --perf-on-invalid ignore", "--perf-on-invalid takes one of fail, warn, not 'ignore'"),
    Slip("--model qwen3 --perf-parallel 1 8", "there is no file '8'; several values of --perf-parallel stand between commas: --perf-parallel 1,8"),
    Slip("--model qwen3 --perf-parallel 8 --benchmark-compare", "--benchmark-compare needs pytest-benchmark: pip install pytest-benchmark"),
    Slip("--model qwen3 --perf-parallel 8 -n 4", "load tests cannot run under -n: … leave -n out"),
    Slip("--model qwen3 --perf-parallel 1 -k gsm8k", "-k 'gsm8k' names no load test, and this is one: it sends …; leave -k out"),
    Slip("--model qwen3 --perf-parallel 1 -m math", "-m 'math' names no load test, and this is one: it sends …; leave -m out"),
    Slip("--model qwen3 --perf-parallel 1 --eval-arena", "--eval-arena is for benchmarks, and this is a load test: it scores no answers"),
    Slip("--model qwen3 --perf-parallel 1 --eval-limit 5", "--eval-limit is for benchmarks, and this is a load test: --perf-number says how many requests it sends"),
    Slip("--model qwen3 --perf-parallel 1 --eval-prompt {q}", "--eval-prompt is for benchmarks, and this is a load test: it sends what …"),
    Slip("--model qwen3 --perf-parallel 1 --eval-concurrency 8", "--eval-concurrency is for benchmarks, and this is a load test: --perf-parallel says …"),
    Slip("--model qwen3 --perf-parallel 1 --eval-baseline old.json", "--eval-baseline is for benchmarks, and this is a load test: …"),
]  # fmt: skip


# These are found out by asking: the server's own word.
REFUSED = [
    Slip("--model w test_answers.py", "w at URL/: the key was refused: 401 Incorrect API key provided (key from WRONG_KEY)", own(api_key_env="WRONG_KEY")),
    Slip("--model w test_answers.py", "unknown model 'qwen'; did you mean 'qwen3'? Known: qwen3. (URL/)", own(model="qwen")),
    Slip("--model URL#gpt test_answers.py", "unknown model 'gpt'. Known: qwen3. (URL/)"),
    Slip("--model w --perf-parallel 1", "URL/chat/completions answers 401 'Incorrect API key provided': the key was refused", own(api_key_env="WRONG_KEY")),
]  # fmt: skip

# No slips: these mean what they say.
TAKEN = [
    Slip("--model w test_answers.py", "10 passed", own(base_url="http://127.0.0.1:PORT")),
    Slip("--model w test_answers.py", "10 passed", own(base_url="URL/")),
    Slip("--model w test_answers.py", "10 passed", own(base_url="URL/chat/completions")),
    Slip("--model http://127.0.0.1:PORT test_answers.py", "10 passed"),
    Slip("--model qwen3 --eval-data 'my data' --eval-limit 1 test_answers.py", "1 passed"),
    Slip("--model qwen3 --eval-file q.jsonl", "1 passed", files={"q.jsonl": f"\ufeff{CHOICE}"}),
    Slip("--model qwen3 --eval-file q.jsonl", "2 passed", files={"q.jsonl": CHOICE.replace("\n", "\r\n") * 2}),
    Slip("--model qwen3 --eval-file q.csv", "1 passed", files={"q.csv": "question;A;B;answer\nWhat is 6 * 7?;42;41;A\n"}),
]  # fmt: skip

COMMANDS = [
    ("list gsmk8", "unknown benchmark, tag or subset: 'gsmk8'; did you mean 'gsm8k'?…"),
    ("list bfcl_v3", "there is no benchmark 'bfcl_v3' here yet: …"),
    ("show test_answers.py::test_answers[easy-00000]", "there is no run store … yet: a run with --model makes it"),
    ("diff last~1 last", "there is no run store … yet: a run with --model makes it"),
    ("history gsmk8", "there is no run store … yet: a run with --model makes it"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    """A server with the model qwen3 and no other, which refuses one key."""
    server = FaultyServer()
    server.models = ["qwen3"]

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if handler.headers["authorization"] == "Bearer sk-wrong":
            send(handler, 401, {"error": {"message": "Incorrect API key provided"}})
        elif body["model"] not in server.models:
            send(handler, 404, {"error": {"message": f"The model `{body['model']}` does not exist."}})
        else:
            answer("ANSWER: A" if "ANSWER:" in str(body) else "42")(handler, body)

    server.fault = fault
    yield server
    server.close()


@pytest.fixture
def folder(project: pytest.Pytester, server: FaultyServer) -> pytest.Pytester:
    """A project with the alias qwen3, data of gsm8k, and folders without any."""
    server.asked.clear()
    alias(project, "qwen3", base_url=server.url, model="qwen3")
    write_rows(project, "gsm8k")
    project.mkdir("empty")
    project.mkdir("my data")
    return project


def said(folder: pytest.Pytester, server: FaultyServer, slip: Slip) -> tuple[int, str, str]:
    """The exit status of a command, and what it says on both streams."""
    port = server.url.split(":")[2].removesuffix("/v1")
    add_settings(folder, slip.toml.replace("URL", server.url).replace("PORT", port))
    for name, content in slip.files.items():
        path = folder.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    typed = slip.typed.replace("URL", server.url).replace("PORT", port)
    result = run(folder, *shlex.split(typed))
    errors = result.stderr.str().strip().replace(server.url, "URL").replace(f":{port}", ":PORT")
    return int(result.ret), errors, result.stdout.str()


@pytest.fixture(autouse=True)
def _wrong_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRONG_KEY", "sk-wrong")
    monkeypatch.setenv("BROKEN_KEY", " sk-1\nsk-2 ")


def matches(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace("…", ".*"), text) is not None


@pytest.mark.parametrize(
    "slip",
    [*FLAGS, *GENERATION, *WITHOUT_A_MODEL, *CHOSEN, *SETTINGS, *MODELS, *OWN_FILES, *GATES, *WRITTEN, *LOADS],
    ids=lambda slip: slip.typed,
)
def test_a_slip_gets_one_line(folder: pytest.Pytester, server: FaultyServer, slip: Slip) -> None:
    status, errors, shown = said(folder, server, slip)

    assert matches(f"ERROR: {slip.answer}", errors), errors
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "Traceback" not in shown
    assert server.asked == []
    assert not (folder.path / "new.json").exists()


@pytest.mark.parametrize("slip", REFUSED, ids=lambda slip: slip.typed)
def test_what_a_server_refuses_is_one_line(folder: pytest.Pytester, server: FaultyServer, slip: Slip) -> None:
    status, errors, shown = said(folder, server, slip)

    assert matches(f"ERROR: {slip.answer}", errors), errors
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "Traceback" not in shown


@pytest.mark.parametrize("slip", TAKEN, ids=lambda slip: slip.typed)
def test_what_looks_like_a_slip_and_is_none(folder: pytest.Pytester, server: FaultyServer, slip: Slip) -> None:
    status, errors, shown = said(folder, server, slip)

    assert (status, errors) == (0, "")
    assert f"= {slip.answer} in " in shown


@pytest.mark.parametrize(("typed", "answered"), COMMANDS)
def test_a_slip_behind_modeleval_gets_one_line(folder: pytest.Pytester, typed: str, answered: str) -> None:
    result = modeleval(*shlex.split(typed))

    assert matches(f"modeleval: {answered}", result.stderr.str().strip()), result.stderr.str()
    assert result.ret == WRONG
