BEGIN TRANSACTION;
CREATE TABLE completions (
    key text primary key, model text not null, created real not null, completion text not null
) without rowid;
INSERT INTO "completions" VALUES('110f01fb2dc0bf1e3c4e90903b0bd81632b5cf47121bbbf8f7565f20e7da7bd2','old',1.79599635565329957009e+09,'{"text": "42", "thinking": "", "finish_reason": "stop", "tool_calls": [], "prompt_tokens": 7, "completion_tokens": 3, "first_token": null, "latency": 0.044403776999388356, "choice_logprobs": []}');
INSERT INTO "completions" VALUES('46fb37b1c1a98f9d6d50232695db0b78d6d0c4c0ef83a1e54514c5e2f051cab0','old',1.79599635560856771472e+09,'{"text": "42", "thinking": "", "finish_reason": "stop", "tool_calls": [], "prompt_tokens": 7, "completion_tokens": 3, "first_token": null, "latency": 0.0024604600002930965, "choice_logprobs": []}');
INSERT INTO "completions" VALUES('484498af4eb80e0ead8b8c6e3eb237e8e810f5eef4f698491b0c665e405019ae','old',1.79599635584508514406e+09,'{"text": "42", "thinking": "", "finish_reason": "stop", "tool_calls": [], "prompt_tokens": 7, "completion_tokens": 3, "first_token": null, "latency": 0.04360435699709342, "choice_logprobs": []}');
INSERT INTO "completions" VALUES('90b7032a793188ac0dcf7a7fb8c650a4c1a492566a267ed268559404e2e8b0e1','old',1.79599635565306448934e+09,'{"text": "42", "thinking": "", "finish_reason": "stop", "tool_calls": [], "prompt_tokens": 7, "completion_tokens": 3, "first_token": null, "latency": 0.052884200998960296, "choice_logprobs": []}');
INSERT INTO "completions" VALUES('9105156b4da68112ee76b48dd4ae8ce210b62d0b9d6bed9f6c3a0b9fa330e746','old',1.79599635580113172533e+09,'{"text": "42", "thinking": "", "finish_reason": "stop", "tool_calls": [], "prompt_tokens": 7, "completion_tokens": 3, "first_token": null, "latency": 0.047803052999370266, "choice_logprobs": []}');
INSERT INTO "completions" VALUES('a0693050162a4fb833e380d5181a26ca91a8ae6233e09540212a47857686945f','old',1.7959963556970489025e+09,'{"text": "42", "thinking": "", "finish_reason": "stop", "tool_calls": [], "prompt_tokens": 7, "completion_tokens": 3, "first_token": null, "latency": 0.04357138799969107, "choice_logprobs": []}');
INSERT INTO "completions" VALUES('b6b4273d386638039de5dec29387f701d190bd500f15848f1fc9ed5780bc3297','old',1.79599635575305914885e+09,'{"text": "42", "thinking": "", "finish_reason": "stop", "tool_calls": [], "prompt_tokens": 7, "completion_tokens": 3, "first_token": null, "latency": 0.04540206099773059, "choice_logprobs": []}');
INSERT INTO "completions" VALUES('fac4c03a4ca5f1749062f9bad67109868c053172b2835d1bc21f2e86f2d3ab17','old',1.79599635560974717142e+09,'{"text": "42", "thinking": "", "finish_reason": "stop", "tool_calls": [], "prompt_tokens": 7, "completion_tokens": 3, "first_token": null, "latency": 0.004642276002414292, "choice_logprobs": []}');
CREATE TABLE loads (
    run text not null references runs, item text not null, model text not null, measured real not null,
    document text not null, primary key (run, item, model)
) without rowid
;
CREATE TABLE requests (key text primary key, messages text not null) without rowid;
INSERT INTO "requests" VALUES('110f01fb2dc0bf1e3c4e90903b0bd81632b5cf47121bbbf8f7565f20e7da7bd2','[{"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}]}, {"role": "user", "content": "1: what is in it? turn 0"}, {"role": "assistant", "content": "42"}, {"role": "user", "content": "1: what is in it? turn 1"}]');
INSERT INTO "requests" VALUES('46fb37b1c1a98f9d6d50232695db0b78d6d0c4c0ef83a1e54514c5e2f051cab0','[{"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}]}, {"role": "user", "content": "1: what is in it? turn 0"}]');
INSERT INTO "requests" VALUES('484498af4eb80e0ead8b8c6e3eb237e8e810f5eef4f698491b0c665e405019ae','[{"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}]}, {"role": "user", "content": "0: what is in it? turn 0"}, {"role": "assistant", "content": "42"}, {"role": "user", "content": "0: what is in it? turn 1"}, {"role": "assistant", "content": "42"}, {"role": "user", "content": "0: what is in it? turn 2"}]');
INSERT INTO "requests" VALUES('9105156b4da68112ee76b48dd4ae8ce210b62d0b9d6bed9f6c3a0b9fa330e746','[{"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}]}, {"role": "user", "content": "0: what is in it? turn 0"}, {"role": "assistant", "content": "42"}, {"role": "user", "content": "0: what is in it? turn 1"}]');
INSERT INTO "requests" VALUES('a0693050162a4fb833e380d5181a26ca91a8ae6233e09540212a47857686945f','[{"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}]}, {"role": "user", "content": "1: what is in it? turn 0"}, {"role": "assistant", "content": "42"}, {"role": "user", "content": "1: what is in it? turn 1"}, {"role": "assistant", "content": "42"}, {"role": "user", "content": "1: what is in it? turn 2"}]');
INSERT INTO "requests" VALUES('b6b4273d386638039de5dec29387f701d190bd500f15848f1fc9ed5780bc3297','[{"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}]}, {"role": "user", "content": "0: what is in it? turn 0"}]');
CREATE TABLE runs (
    id text primary key, started real not null, finished real, exit_status integer, options text not null
);
INSERT INTO "runs" VALUES('e7bc21946b1042f5be1b4a421ecbd5ae',1.7959963536132783889e+09,1.79599635585596823688e+09,0,'{}');
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
    outcome text not null, value real, got text, expected text, why text, completion text, part text, prompt_tokens integer, completion_tokens integer, seconds real, first_token real, reused integer, mistake text, answers text,
    primary key (run, item, metric)
) without rowid;
INSERT INTO "scores" VALUES('e7bc21946b1042f5be1b4a421ecbd5ae','test_old.py::test_asked[easy-00000]','main','old','asked','easy','f135444dab5f6292bd3da1dc85789e53fcbc0c0c26fccc7219c0f5dcaeb33eec',0,'right',1.0,'42','42','','90b7032a793188ac0dcf7a7fb8c650a4c1a492566a267ed268559404e2e8b0e1','',7,3,0.052884,NULL,0,NULL,NULL);
INSERT INTO "scores" VALUES('e7bc21946b1042f5be1b4a421ecbd5ae','test_old.py::test_asked[easy-00001]','main','old','asked','easy','51549a0339ae9b7bc95bd1fa87afa91707a9c5291239fee0d3d8f859ee9f1457',0,'right',1.0,'42','42','','fac4c03a4ca5f1749062f9bad67109868c053172b2835d1bc21f2e86f2d3ab17','',7,3,0.004642,NULL,0,NULL,NULL);
INSERT INTO "scores" VALUES('e7bc21946b1042f5be1b4a421ecbd5ae','test_old.py::test_talked[easy-00000]','main','old','talked','easy','f71028b29a6f2f0350bad51183ff1a2890a8e1e7ac293b22c1f63571f6117001',0,'right',1.0,'42','42','','484498af4eb80e0ead8b8c6e3eb237e8e810f5eef4f698491b0c665e405019ae','',21,9,0.136809,NULL,0,NULL,'["b6b4273d386638039de5dec29387f701d190bd500f15848f1fc9ed5780bc3297", "9105156b4da68112ee76b48dd4ae8ce210b62d0b9d6bed9f6c3a0b9fa330e746", "484498af4eb80e0ead8b8c6e3eb237e8e810f5eef4f698491b0c665e405019ae"]');
INSERT INTO "scores" VALUES('e7bc21946b1042f5be1b4a421ecbd5ae','test_old.py::test_talked[easy-00001]','main','old','talked','easy','94fc4a4c9bff55a122e247eea44a2a02fba790ada18ba4da163ac2d6ef60aa61',0,'right',1.0,'42','42','','a0693050162a4fb833e380d5181a26ca91a8ae6233e09540212a47857686945f','',21,9,0.090436,NULL,0,NULL,'["46fb37b1c1a98f9d6d50232695db0b78d6d0c4c0ef83a1e54514c5e2f051cab0", "110f01fb2dc0bf1e3c4e90903b0bd81632b5cf47121bbbf8f7565f20e7da7bd2", "a0693050162a4fb833e380d5181a26ca91a8ae6233e09540212a47857686945f"]');
COMMIT;
pragma user_version = 5;
