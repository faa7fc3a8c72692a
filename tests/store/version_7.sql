BEGIN TRANSACTION;
CREATE TABLE completions (
    key text primary key, model text not null, created real not null, completion text not null
, asked text, who text, run text) without rowid;
INSERT INTO "completions" VALUES('1c8ae35700665f98073416967cc9ec7981a35e4a7d1502f64424e827afedbaba','old',1.79599637320920443536e+09,'{"text": "42", "thinking": "", "finish_reason": "stop", "tool_calls": [], "prompt_tokens": 7, "completion_tokens": 3, "first_token": null, "latency": 0.043502945998625364, "choice_logprobs": [], "fingerprint": ""}','5d3a65984072125e58265fc900af1d25','9908d6f2fea424352b2dda718d8d97c0','fa1ffc6185f34a6096b361440b19f2aa');
INSERT INTO "completions" VALUES('4a88342590ca437f203119c42476e566293ee2962dd53eed02c736a4f6605f0d','old',1.79599637312435030933e+09,'{"text": "42", "thinking": "", "finish_reason": "stop", "tool_calls": [], "prompt_tokens": 7, "completion_tokens": 3, "first_token": null, "latency": 0.0012684470020758454, "choice_logprobs": [], "fingerprint": ""}','9dfb743f1edf31c5442e1367126d52ea','9908d6f2fea424352b2dda718d8d97c0','fa1ffc6185f34a6096b361440b19f2aa');
INSERT INTO "completions" VALUES('5335de8ce3bacf70cf1d31d8724aa32dce7aaee86b90e5a29418f07d0eaf0586','old',1.79599637306601619718e+09,'{"text": "42", "thinking": "", "finish_reason": "stop", "tool_calls": [], "prompt_tokens": 7, "completion_tokens": 3, "first_token": null, "latency": 0.004917225000099279, "choice_logprobs": [], "fingerprint": ""}','c85194fb49fbe834d14158219af2e315','9908d6f2fea424352b2dda718d8d97c0','fa1ffc6185f34a6096b361440b19f2aa');
INSERT INTO "completions" VALUES('64b66a2b6f100ec21d88d900cb27d42242356266c69b24c50943e26f88e52dc8','old',1.79599637325319600109e+09,'{"text": "42", "thinking": "", "finish_reason": "stop", "tool_calls": [], "prompt_tokens": 7, "completion_tokens": 3, "first_token": null, "latency": 0.04353814800197142, "choice_logprobs": [], "fingerprint": ""}','2aecf1a82716dc987f3dea09584ee754','9908d6f2fea424352b2dda718d8d97c0','fa1ffc6185f34a6096b361440b19f2aa');
INSERT INTO "completions" VALUES('90793d5fb2776dee7e7e60664d8c50eb60c18a4f080f0639cf7301c33a6d3213','old',1.79599637321722817428e+09,'{"text": "42", "thinking": "", "finish_reason": "stop", "tool_calls": [], "prompt_tokens": 7, "completion_tokens": 3, "first_token": null, "latency": 0.043680910999682965, "choice_logprobs": [], "fingerprint": ""}','d35ac1cf7cbded04a2391205452c1836','9908d6f2fea424352b2dda718d8d97c0','fa1ffc6185f34a6096b361440b19f2aa');
INSERT INTO "completions" VALUES('a359e964d27e7ab98a921fe929e9a1f7c25563232e89d114042b2463d98d672c','old',1.79599637316525959961e+09,'{"text": "42", "thinking": "", "finish_reason": "stop", "tool_calls": [], "prompt_tokens": 7, "completion_tokens": 3, "first_token": null, "latency": 0.04371706399979303, "choice_logprobs": [], "fingerprint": ""}','69e06682f7c7383061cb5f21665c3eea','9908d6f2fea424352b2dda718d8d97c0','fa1ffc6185f34a6096b361440b19f2aa');
INSERT INTO "completions" VALUES('c1ed73fb9fbd8987f90b23ab2ebc98fea704a34246dc497fecb8214409a226f0','old',1.79599637317312836645e+09,'{"text": "42", "thinking": "", "finish_reason": "stop", "tool_calls": [], "prompt_tokens": 7, "completion_tokens": 3, "first_token": null, "latency": 0.046872678998624906, "choice_logprobs": [], "fingerprint": ""}','7ee9badd7f1a2962b340971beb90064c','9908d6f2fea424352b2dda718d8d97c0','fa1ffc6185f34a6096b361440b19f2aa');
INSERT INTO "completions" VALUES('d53b9963a616aa7752ad9582d369f44a1f8237ee20f98a9011c0e17c3c1ec30d','old',1.79599637310530114171e+09,'{"text": "42", "thinking": "", "finish_reason": "stop", "tool_calls": [], "prompt_tokens": 7, "completion_tokens": 3, "first_token": null, "latency": 0.04517514400140499, "choice_logprobs": [], "fingerprint": ""}','8e13018ad66120dd79537937f5916095','9908d6f2fea424352b2dda718d8d97c0','fa1ffc6185f34a6096b361440b19f2aa');
CREATE TABLE loads (
    run text not null references runs, item text not null, model text not null, measured real not null,
    document text not null, primary key (run, item, model)
) without rowid
;
CREATE TABLE models (who text primary key, model text not null, place text not null) without rowid;
INSERT INTO "models" VALUES('9908d6f2fea424352b2dda718d8d97c0','old','''the same''');
CREATE TABLE refusals (
    run text not null, who text not null, why text not null, primary key (run, who)
) without rowid;
CREATE TABLE requests (key text primary key, messages text not null) without rowid;
INSERT INTO "requests" VALUES('1c8ae35700665f98073416967cc9ec7981a35e4a7d1502f64424e827afedbaba','[{"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}]}, {"role": "user", "content": "0: what is in it? turn 0"}, {"role": "assistant", "content": "42"}, {"role": "user", "content": "0: what is in it? turn 1"}]');
INSERT INTO "requests" VALUES('4a88342590ca437f203119c42476e566293ee2962dd53eed02c736a4f6605f0d','[{"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}]}, {"role": "user", "content": "1: what is in it? turn 0"}]');
INSERT INTO "requests" VALUES('64b66a2b6f100ec21d88d900cb27d42242356266c69b24c50943e26f88e52dc8','[{"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}]}, {"role": "user", "content": "0: what is in it? turn 0"}, {"role": "assistant", "content": "42"}, {"role": "user", "content": "0: what is in it? turn 1"}, {"role": "assistant", "content": "42"}, {"role": "user", "content": "0: what is in it? turn 2"}]');
INSERT INTO "requests" VALUES('90793d5fb2776dee7e7e60664d8c50eb60c18a4f080f0639cf7301c33a6d3213','[{"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}]}, {"role": "user", "content": "1: what is in it? turn 0"}, {"role": "assistant", "content": "42"}, {"role": "user", "content": "1: what is in it? turn 1"}, {"role": "assistant", "content": "42"}, {"role": "user", "content": "1: what is in it? turn 2"}]');
INSERT INTO "requests" VALUES('a359e964d27e7ab98a921fe929e9a1f7c25563232e89d114042b2463d98d672c','[{"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}]}, {"role": "user", "content": "0: what is in it? turn 0"}]');
INSERT INTO "requests" VALUES('c1ed73fb9fbd8987f90b23ab2ebc98fea704a34246dc497fecb8214409a226f0','[{"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}]}, {"role": "user", "content": "1: what is in it? turn 0"}, {"role": "assistant", "content": "42"}, {"role": "user", "content": "1: what is in it? turn 1"}]');
CREATE TABLE runs (
    id text primary key, started real not null, finished real, exit_status integer, options text not null
, command text, resumes text, ended text, process text);
INSERT INTO "runs" VALUES('fa1ffc6185f34a6096b361440b19f2aa',1.79599637219338893884e+09,1.79599637327677536012e+09,0,'{}',NULL,NULL,'complete',NULL);
CREATE TABLE samples (
    hash text primary key, benchmark text not null, prompt text not null, target text not null
) without rowid;
INSERT INTO "samples" VALUES('51549a0339ae9b7bc95bd1fa87afa91707a9c5291239fee0d3d8f859ee9f1457','asked','[{"role": "user", "content": "1: what is 6 * 7?"}]','42');
INSERT INTO "samples" VALUES('94fc4a4c9bff55a122e247eea44a2a02fba790ada18ba4da163ac2d6ef60aa61','talked','[{"role": "user", "content": "1: what is in it?"}]','42');
INSERT INTO "samples" VALUES('f135444dab5f6292bd3da1dc85789e53fcbc0c0c26fccc7219c0f5dcaeb33eec','asked','[{"role": "user", "content": "0: what is 6 * 7?"}]','42');
INSERT INTO "samples" VALUES('f71028b29a6f2f0350bad51183ff1a2890a8e1e7ac293b22c1f63571f6117001','talked','[{"role": "user", "content": "0: what is in it?"}]','42');
CREATE TABLE scores (
    run text not null references runs, item text not null, metric text not null, model text not null,
    benchmark text not null, subset text not null, sample text not null, repeat integer not null,
    outcome text not null, value real, got text, expected text, why text, completion text, part text, prompt_tokens integer, completion_tokens integer, seconds real, first_token real, stored integer, mistake text, answers text,
    primary key (run, item, metric)
) without rowid;
INSERT INTO "scores" VALUES('fa1ffc6185f34a6096b361440b19f2aa','test_old.py::test_asked[easy-00000]','main','old','asked','easy','f135444dab5f6292bd3da1dc85789e53fcbc0c0c26fccc7219c0f5dcaeb33eec',0,'right',1.0,'42','42','','d53b9963a616aa7752ad9582d369f44a1f8237ee20f98a9011c0e17c3c1ec30d','',7,3,0.045175,NULL,NULL,NULL,NULL);
INSERT INTO "scores" VALUES('fa1ffc6185f34a6096b361440b19f2aa','test_old.py::test_asked[easy-00001]','main','old','asked','easy','51549a0339ae9b7bc95bd1fa87afa91707a9c5291239fee0d3d8f859ee9f1457',0,'right',1.0,'42','42','','5335de8ce3bacf70cf1d31d8724aa32dce7aaee86b90e5a29418f07d0eaf0586','',7,3,0.004917,NULL,NULL,NULL,NULL);
INSERT INTO "scores" VALUES('fa1ffc6185f34a6096b361440b19f2aa','test_old.py::test_talked[easy-00000]','main','old','talked','easy','f71028b29a6f2f0350bad51183ff1a2890a8e1e7ac293b22c1f63571f6117001',0,'right',1.0,'42','42','','64b66a2b6f100ec21d88d900cb27d42242356266c69b24c50943e26f88e52dc8','',21,9,0.130758,NULL,NULL,NULL,'["a359e964d27e7ab98a921fe929e9a1f7c25563232e89d114042b2463d98d672c", "1c8ae35700665f98073416967cc9ec7981a35e4a7d1502f64424e827afedbaba", "64b66a2b6f100ec21d88d900cb27d42242356266c69b24c50943e26f88e52dc8"]');
INSERT INTO "scores" VALUES('fa1ffc6185f34a6096b361440b19f2aa','test_old.py::test_talked[easy-00001]','main','old','talked','easy','94fc4a4c9bff55a122e247eea44a2a02fba790ada18ba4da163ac2d6ef60aa61',0,'right',1.0,'42','42','','90793d5fb2776dee7e7e60664d8c50eb60c18a4f080f0639cf7301c33a6d3213','',21,9,0.091822,NULL,NULL,NULL,'["4a88342590ca437f203119c42476e566293ee2962dd53eed02c736a4f6605f0d", "c1ed73fb9fbd8987f90b23ab2ebc98fea704a34246dc497fecb8214409a226f0", "90793d5fb2776dee7e7e60664d8c50eb60c18a4f080f0639cf7301c33a6d3213"]');
CREATE TABLE servers (
    run text not null, model text not null, said text not null, primary key (run, model, said)
) without rowid;
CREATE INDEX completions_asked on completions (asked);
COMMIT;
pragma user_version = 7;
