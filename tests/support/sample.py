"""A policy with most of what the language has."""

SAMPLE = """
# models by short names
alias minimax = zen/minimax-m2.5-free
alias coder   = nvidia_nim/qwen/qwen3-coder-480b-a35b-instruct
alias glm     = nvidia_nim/z-ai/glm4.7
alias flash   = nvidia_nim/stepfun-ai/step-3.5-flash
health *             3 failures in 30s, rest 30s
limit  zen/*         9999 per minute
limit  nvidia_nim/*  40 per minute each, 6 at once
chain coding = minimax then least-loaded (coder, glm) then flash
chain quick  = flash then minimax, without thinking
offer coding as "Auto"
offer minimax, coder, glm with and without thinking
route probes   when task in (quota_probe, title)    answer locally
route small    when model is "*haiku*"              use quick
route vision   when images > 0                      use glm
route long     when tokens > 120k                   use coder then minimax on overflow
route rest                                          use coding
expect small  given model "claude-haiku-4-5"
expect rest   given model "claude-opus-4-7", minimax resting      to try coder, glm, flash
expect rest   given model "claude-opus-4-7", minimax failing timeout to try minimax, coder, glm, flash
"""
