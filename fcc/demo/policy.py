"""The demo's policy, as short as a first policy of one's own."""

POLICY = """\
rules = '''
chain demo = quick/first-choice, start within 1s
        then steady/second-choice
offer demo as "Demo"

route rest use demo
'''

[providers.quick]
dialect = "openai-chat"
base_url = "http://127.0.0.1:{broken}/v1"
key = ""

[providers.steady]
dialect = "openai-chat"
base_url = "http://127.0.0.1:{steady}/v1"
key = ""
"""
