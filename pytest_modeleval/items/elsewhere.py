"""Benchmarks that other tools have and this one does not yet, by the names that EvalScope and others have for them."""

ELSEWHERE = frozenset(
    """
    a_okvqa aa_lcr acebench agieval aime26 air_bench_chat air_bench_foundation amc anat_em arc_agi_2 arc_indic
    arxivmath arxivrollbench arxivrollbench_full automation_bench baby_vision bc2gm bc4chemd bc5cdr bfcl
    bhasha_bench_multi_ayur bhasha_bench_multi_finance bhasha_bench_multi_krishi bhasha_bench_multi_legal
    bhashabenchv1_ayur bhashabenchv1_finance bhashabenchv1_krishi bhashabenchv1_legal bigbench biomix_qa
    broad_twitter_corpus browsecomp cc_bench cc_ocr_v2 charxiv claw_eval cmath cmmmu cmmu coin_flip common_voice_15
    commonsense_qa conll2003 conllpp copious count_qa cross_ner data_collection deep_swe deepsearchqa drivel_binary
    drivel_multilabel drivel_selection emb_spatial_bench erqa evalmuse fin_ner fleurs gaia gdpval gedit genai_bench
    general_arena general_mcq general_qa general_t2i general_vmcq general_vqa genia_ner gsm8k_indic gsm8k_v halueval
    harvey_ner hellaswag_hi hipho hmmt25 hmmt26 hpdv2 ifbench indic_boolq indic_param jnlpba jnlpba_rare job_bench
    kimi_verifier kina librispeech locomo logi_qa logic_vista longbench longbench_v2 longmemeval maritime_bench
    maritime_ocr_bench math_qa math_verse mcp_atlas measure_bench med_mcqa mgsm mia_bench micro_vqa milu
    minerva_math miniwob mit_movie_trivia mit_restaurant mmau mmmlu mri_mcqa msr_vtt msvd multi_if multi_nerd
    music_trivia mvbench ncbi needle_haystack ocr_bench_v2 officeqa olmocr_bench olympiad_bench omni_bench
    omni_doc_bench omni_doc_bench_v1_6 ontonotes5 openai_mrcr perception_bench perspective_gap_prompt_writing
    perspective_gap_role_assignment phyx_mc phyx_oe piqa pmc_vqa poly_math pubmedqa qasc refcoco researchrubrics
    sanskriti sciq screenspot_pro seed_bench_2_plus seed_tts_eval simple_vqa siqa skillsbench slake swe_bench
    swe_bench_lite_agentic swe_bench_multilingual_agentic swe_bench_pro swe_bench_verified_agentic
    swe_bench_verified_mini swe_bench_verified_mini_agentic tau2_bench tau3_bench tau_bench terminal_bench_v2
    terminal_bench_v2_1 tifa160 tir_bench toolathlon torgo triviaqa_indic tvbench tweebank_ner tweet_ner_7
    videomme_v2 visulogic vstar_bench wenet_speech wide_search wikitext wmt24pp wnut2017 world_vqa zebralogicbench
    zerobench
    """.split()  # noqa: SIM905 - a name a line would be two hundred
)
# Those that are here by another name than others have for them.
_RENAMED = {"tool_bench": "toolbench_static"}


def not_built(name: str) -> str | None:
    """What to say of a benchmark that others have; None for any other name, which may be misspelt."""
    if here := _RENAMED.get(name.lower().replace("-", "_")):
        return f"{name!r} is called {here} here"
    # mmmu_val is a way to ask mmmu.
    spelt = f"{name.lower().replace('-', '_')}_"
    known = any(spelt.startswith(f"{each}_") for each in ELSEWHERE)
    return f"there is no benchmark {name!r} here yet: `modeleval list` has those that there are" if known else None
