"""What each figure of a load test is: its name, its unit, its formula in one line."""

# Of every request that succeeded: name, unit, definition. docs/perf.md says the same (tests/perf/test_documents.py).
SPREADS = {
    "ttft": ("s", "first chunk with content or reasoning - scheduled send"),
    "ttfa": ("s", "first chunk with content, after the reasoning - scheduled send"),
    "itl": ("s", "gap between two reads / tokens of the later one, once for each of these tokens"),
    "tpot": ("s", "(last chunk - first chunk) / (output tokens - tokens of the first read)"),
    "latency": ("s", "end of the response - scheduled send"),
    "service": ("s", "end of the response - real send"),
    "queue": ("s", "real send - scheduled send: the wait in the client"),
    "stall": ("s", "longest gap between two reads of the request"),
    "speed": ("tok/s", "1 / tpot: tokens a second that one user sees"),
    "answer_rate": ("tok/s", "output tokens / latency, of one request"),
    "input_tokens": ("tok", "tokens of the prompt"),
    "output_tokens": ("tok", "tokens of the answer, reasoning included"),
    "first_turn_ttft": ("s", "ttft of the first request of a conversation"),
    "later_turn_ttft": ("s", "ttft of its later requests"),
    "final_ttft": ("s", "first chunk of a conversation's last response - scheduled send of its first request"),
    "conversation": ("s", "end of a conversation's last response - scheduled send of its first request"),
}
# Those whose change from run to run an interval is wanted for.
COMPARED = ("ttft", "tpot", "itl", "latency", "speed")
# Of the whole window: name, unit, definition.
RATES = {
    "request_rate": ("req/s", "requests that succeeded / seconds of the window"),
    "input_rate": ("tok/s", "their input tokens / seconds of the window"),
    "output_rate": ("tok/s", "their output tokens / seconds of the window"),
    "total_rate": ("tok/s", "their input and output tokens / seconds of the window"),
    "goodput_rate": ("req/s", "requests that succeeded within every limit of the SLO / seconds of the window"),
}
SHARES = {
    "success": ("%", "requests that succeeded / requests sent"),
    "errors": ("%", "requests that failed / requests sent"),
    "goodput": ("%", "requests that succeeded within every limit of the SLO / requests sent"),
    "cached": ("%", "cached input tokens / input tokens, of the requests whose usage tells"),
}
COUNTS = {
    "concurrency": ("", "sum of (end - real send) inside the window / seconds of the window"),
    "peak": ("", "most requests on their way at one moment"),
    "tokens_per_chunk": ("tok", "(output tokens - tokens of the first read) / (chunks - chunks of the first read)"),
}
# Of the statistics of a spread, those that are shown and stored.
PERCENTILES = (1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9)
