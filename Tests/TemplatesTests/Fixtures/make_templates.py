"""Writes templates.json: chat templates and expressions with what transformers makes of them. Python 3.11, jinja2 3.1.6, transformers 5.23; no
randomness, no network. All templates are written here for these tests; together they use every construct that the interpreter knows.

    {"conversations": {NAME: context}, "templates": {NAME: source}, "cases": [[template, conversation, text or null, [[start, end], ...]], ...],
     "values": context, "expressions": [[source, text or null], ...]}

A null stands for an error; ranges are what transformers recorded for `generation` blocks, in UTF-8 bytes. Values keep their types and the order of
keys: strings stand for themselves, all else is a list that starts with its kind: ["int", "3"], ["float", "0.5"], ["true"], ["false"], ["none"],
["list", [...]], ["tuple", [...]], ["dict", [[key, value], ...]]. The clock stands at 2026-02-03 04:05:06.
"""
import datetime, json, pathlib, warnings
import transformers.utils.chat_template_utils as chat

warnings.simplefilter("ignore")  # Python warns of odd escapes, which are tested here
here = pathlib.Path(__file__).parent


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 2, 3, 4, 5, 6)


chat.datetime = Clock


def encode(value):
    if value is None:
        return ["none"]
    if value is True or value is False:
        return ["true" if value else "false"]
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return ["int", str(value)]
    if isinstance(value, float):
        return ["float", repr(value)]
    if isinstance(value, (list, tuple)):
        return ["tuple" if isinstance(value, tuple) else "list", [encode(item) for item in value]]
    return ["dict", [[encode(key), encode(item)] for key, item in value.items()]]


# Conversations

weather = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tells the weather <now> & \"here\".\nSecond line; naïve ✓",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "A city's name"},
                "days": {"type": "integer", "minimum": 1, "maximum": 14, "default": 3},
                "units": {"type": "string", "enum": ["metric", "imperial"]},
                "where": {"type": "object", "properties": {"lat": {"type": "number"}, "tags": {"type": "array", "items": {"type": "string"}}}},
            },
            "required": ["city"],
        },
    },
}
clock = {"type": "function", "function": {"name": "clock", "description": "", "parameters": {"type": "object", "properties": {}}}}


def user(content, **more):
    return {"role": "user", "content": content, **more}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def call(name, arguments, **more):
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **more}


system = {"role": "system", "content": "You are terse.  "}
conversations = {
    "one": dict(messages=[user("Hello, who are you?")]),
    "prompted": dict(messages=[user("Hello, who are you?")], add_generation_prompt=True),
    "pair": dict(messages=[user("Hi"), assistant("Hello!")]),
    "system": dict(messages=[system, user("  2 + 2?\n"), assistant("4")]),
    "long": dict(
        messages=[
            system, user("Name a colour."), assistant("Blue."), user("Another one?"), assistant("Green\nor grey."), user("Why?"),
            assistant(" Because. "), user("And now?")
        ], add_generation_prompt=True),
    "empty": dict(messages=[{"role": "system", "content": ""}, user(""), assistant(""), user("\n\n"), assistant(" ")]),
    "nothing": dict(messages=[], add_generation_prompt=True),
    "unicode": dict(
        messages=[
            user("Schreib 'naïve' und \"Straße\": e\u0301 é 漢字 👩‍👩‍👧 \u00a0\u2003ÀÉ"),
            assistant("Ὀδυσσεύς ΟΔΥΣΣΕΥΣ ﬁn ǆ İ\u2028Zeile\x85\t\\ \x7f"), user("שלום\u200f мир <|end|> {{ x }} {% y %}")
        ], add_generation_prompt=True),
    "tools": dict(messages=[system, user("What's the weather?")], tools=[weather, clock], add_generation_prompt=True),
    "called": dict(
        messages=[
            user("Weather in Köln?"),
            assistant("", tool_calls=[call("get_weather", {"city": "Köln", "days": 2, "exact": True, "none": None, "low": -0.5}, id="call_0001")]),
            {"role": "tool", "name": "get_weather", "tool_call_id": "call_0001", "content": "{\"temp\": 21}"},
            assistant("21 degrees."),
            user("And the time?"),
            assistant(None, tool_calls=[call("clock", {}, id="c2"), call("get_weather", {"city": "Oslo"}, id="c3")]),
            {"role": "tool", "content": "12:00", "tool_call_id": "c2"},
            {"role": "tool", "content": {"temp": 3.0, "sky": ["grey", "dry"]}, "tool_call_id": "c3"},
        ], tools=[weather, clock], add_generation_prompt=True),
    "parts": dict(
        messages=[
            user([{"type": "image"}, {"type": "text", "text": "What is this?"}, {"type": "text", "text": "Tell me."}]),
            assistant([{"type": "text", "text": "A cat"}]),
            user([{"type": "text", "text": ""}]),
        ], add_generation_prompt=True),
    "thinking": dict(
        messages=[
            user("1 + 1?"), assistant("<think>\nEasy.\n</think>\n\n2"), user("2 + 2?"),
            assistant("4", reasoning_content="\nAlso easy.\n"), user("3 + 3?"), assistant("6", thinking="Hm."),
        ], enable_thinking=False),
    "reasoning": dict(messages=[user("Q"), assistant("A", reasoning="R1", extra=None)], add_generation_prompt=True, enable_thinking=True),
    "disordered": dict(messages=[assistant("First?"), user("No."), user("Two in a row")]),
    "documents": dict(
        messages=[system, user("Summarise.")], documents=[{"title": "One", "text": "First text."}, {"title": "Two", "text": "Second\ntext."}],
        add_generation_prompt=True),
    "strange": dict(messages=[{"role": "critic", "content": "Hm", "score": 3, "weight": 0.25, "tags": ["a", 'b"c', "d'e"], "ok": True}, user("X")]),
}
shared = dict(bos_token="<s>", eos_token="</s>", unk_token="<unk>")

# Templates

templates = {}
templates["marked turns"] = """\
{%- if messages and messages[0]['role'] != 'system' -%}
{{ '<|begin|>system\\nYou are helpful.<|end|>\\n' }}
{%- endif -%}
{% for message in messages %}
{{- '<|begin|>' + message['role'] + '\\n' + (message['content'] or '') | string + '<|end|>' + '\\n' -}}
{% endfor %}
{% if add_generation_prompt %}
{{ '<|begin|>assistant\\n' }}
{% endif %}
"""
templates["brackets"] = """\
{% if messages and messages[0].role == 'system' %}
    {% set loop_messages = messages[1:] %}
    {% set system_message = messages[0].content %}
{% else %}
    {% set loop_messages = messages %}
    {% set system_message = false %}
{% endif %}
{% for message in loop_messages %}
    {% if (message.role == 'user') != (loop.index0 % 2 == 0) %}
        {{ raise_exception('Roles must alternate, found ' ~ message.role ~ ' at ' ~ loop.index) }}
    {% endif %}
    {% if loop.index0 == 0 and system_message != false %}
        {% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message.content %}
    {% else %}
        {% set content = message.content %}
    {% endif %}
    {% if message.role == 'user' %}
        {{- bos_token + '[Q] ' + content.strip() + ' [/Q]' -}}
    {% elif message.role == 'assistant' %}
        {{- ' ' + content.strip() + ' ' + eos_token -}}
    {% endif %}
{% endfor %}
"""
templates["schema macros"] = """\
{%- macro kind(schema, depth=0) -%}
    {%- if schema is not mapping -%}any
    {%- elif schema.type == 'object' -%}
        { {%- for name, inner in schema.properties.items() if name %}{{ ', ' if not loop.first }}{{ name }}
            {{- '?' if name not in (schema.required or []) }}: {{ kind(inner, depth + 1) }}{% endfor -%} }
    {%- elif schema.type == 'array' -%}{{ kind(schema['items'], depth=depth + 1) }}[]
    {%- elif 'enum' in schema -%}{{ schema.enum | map('tojson') | join(' | ') }}
    {%- else -%}{{ schema.type | default('any', true) }}{% if schema.default is defined %} = {{ schema.default }}{% endif %}
    {%- endif -%}
{%- endmacro -%}
{%- macro show(tool_call, quote='"', *, extra) %}{% endmacro -%}
{% if tools %}
# Tools
{% for tool in tools %}
{%- set f = tool.function %}

// {{ f.description.split('\\n')[0] | trim or 'undocumented' }}
type {{ f.name }} = (_: {{ kind(f.parameters) }}) => any;
{% endfor %}
{{ tools | tojson(indent=2) }}
{{ tools[0].function | tojson }}
{{ tools | map(attribute='function.name') | list | tojson(separators=(',', ':')) }}
{{ tools[0].function.parameters.properties | dictsort | map('first') | join(',') }}
{% endif %}
{% for message in messages %}
{%- if message.tool_calls is defined and message.tool_calls %}
<{{ message.role }}>
{%- for tool_call in message.tool_calls %}
{% set f = tool_call.function if tool_call.function is defined else tool_call %}
{"name": "{{ f.name }}", "arguments": {{ f.arguments | tojson(sort_keys=true) }}, "id": {{ tool_call.id | tojson }}}
{%- if not loop.last %},{% endif %}
{% endfor %}

{% elif message.role == 'tool' %}
<tool {{ message.get('name', 'unnamed') }}>{{ message.content if message.content is string else message.content | tojson(ensure_ascii=true) }}
{% else %}
<{{ message.role }}>{{ message.content }}
{% endif %}
{% endfor %}
"""
templates["schema macros"] = templates["schema macros"].replace("{%- macro show(tool_call, quote='\"', *, extra) %}{% endmacro -%}\n", "")
templates["headers"] = """\
{{- bos_token }}
{%- set ns = namespace(system='', turns=0, tool_count=(tools or []) | length) %}
{%- set today = strftime_now('%d %b %Y') if strftime_now is defined else 'unknown' %}
{#- The first system message goes on top. #}
{%- for m in messages if m.role == 'system' %}
    {%- if loop.first %}{% set ns.system = m.content | trim %}{% else %}{% set ns.system = ns.system ~ '\\n' ~ (m.content | trim) %}{% endif %}
{%- endfor %}
{{- '[system]\\nToday is ' + today + ', ' + strftime_now("%A %j %H:%M:%S %p %y/%m/%e %-d %U %W %V %G %u %w %% %I %B %c %x %X") + '.\\n' }}
{%- if ns.system %}{{ ns.system + '\\n' }}{% endif %}
{%- for m in messages | rejectattr('role', 'equalto', 'system') %}
    {%- set ns.turns = ns.turns + 1 %}
    {{- '[' ~ m.role ~ ' ' ~ ns.turns ~ '/' ~ loop.length ~ ']\\n' -}}
    {{ m.content | string | trim }}{{ '\\n' -}}
{%- else %}
    {{- '[empty]\\n' }}
{%- endfor %}
{{- ns.turns }} turns, {{ ns.tool_count }} tools
{%- if add_generation_prompt %}{{ '\\n[assistant]\\n' }}{% endif %}
"""
templates["thoughts"] = """\
{%- set ns = namespace(last=messages | length - 1, searching=true) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages | length - 1) - loop.index0 %}
    {%- if ns.searching and message.role == "user" and message.content is string and not (message.content.startswith('<r>') and message.content.endswith('</r>')) %}
        {%- set ns.searching = false %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if message.role == "assistant" %}
        {%- set thought = '' %}
        {%- if message.reasoning_content is string %}
            {%- set thought = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last and (loop.last or thought) %}
            {{- '<' + message.role + '>\\n<think>\\n' + thought.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<' + message.role + '>\\n' + content }}
        {%- endif %}
        {{- '</>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}{{- '<user>' }}{% endif %}
        {{- '\\n<r>\\n' }}{{ content }}{{ '\\n</r>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}{{- '</>\\n' }}{% endif %}
    {%- else %}
        {{- '<' + message.role + '>\\n' + content + '</>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<assistant>\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{% endif %}
{%- endif %}
"""
templates["generated"] = """\
{%- for message in messages -%}
{%- if message.role == 'assistant' -%}
assistant: {% generation %}{{ message.content }}{% for c in message.tool_calls or [] %}<call>{{ c.function | tojson }}</call>{% endfor %}{{ eos_token }}{% endgeneration %}

{% else -%}
{{ message.role }}: {{ message.content }}
{% endif -%}
{%- endfor -%}
{%- if add_generation_prompt %}assistant: {% generation %}{% endgeneration %}{% endif -%}
"""
templates["generated around"] = """\
{% for m in messages %}{% set x = 1 %}{% if m.role == 'assistant' %}{% generation %}
<a>{% set x = 2 %}{{ m.content }}{{ x }}</a>
{% endgeneration %}{{ x }}{% else %}<u>{{ m.content }}</u>
{%+ endif %}{% endfor %}
"""
templates["recursive"] = """\
{%- for item in [{'name': 'a', 'children': [{'name': 'b'}, {'name': 'c', 'children': [{'name': 'd'}]}]}, {'name': 'e'}] recursive %}
{{ '  ' * loop.depth0 }}{{ loop.depth }}.{{ loop.index }} {{ item.name }}
{%- if item.children is defined %}{{ loop(item.children) }}{% endif %}
{%- else %}none{% endfor %}
{% for m in messages recursive %}
{{ loop.depth }}:{{ m.role if m is mapping else m }}{% if m is mapping and m.content is iterable and m.content is not string %}({{ loop(m.content) }}){% endif %}
{% endfor %}
"""
templates["blocks"] = """\
{# a comment with {{ braces }} and {% tags %} #}
{% raw %}{{ not run }} {% neither %}{% endraw %}

{%- raw -%}
   stripped {{ raw }}
{%- endraw +%}
{% macro box(title, width=12, fill='-') -%}
{{ (fill * width) ~ title | replace(' ', fill) }}
{{ caller(title | upper, 'x') if caller else '(no caller)' }}|{{ varargs | join('+') }}|{{ kwargs | dictsort | join(',') }}
{%- endmacro %}
{{ box('alone') }}
{{ box('more', 10, '.', 1, 2, z=3, y='q') }}
{% call(shout, mark) box('called') %}
body of {{ shout }} {{ mark }} {{ messages | length }}
{% endcall %}
{% call(a, b='d', c='e') box('plain', fill='=') %}parameters {{ a }}{{ b }}{{ c }}{% endcall %}

{% filter upper | trim | replace('\\n', ' / ') %}
   filtered {{ messages | map(attribute='role') | join(' ') }}
   lines
{% endfilter %}

{% set captured %}
{% for m in messages %}<{{ m.role }}>{% endfor %}
{% endset %}
{% set shout | upper | trim %}  captured {{ captured | length }}  {% endset %}
{{ captured }}{{ shout }}
{% with a = 1, b = messages | length %}{% set c = a + b %}{{ a }} {{ b }} {{ c }}{% endwith %}{{ a is defined }} {{ c is defined }}
{% set p, (q, r) = 1, (2, 3) %}{{ p }}{{ q }}{{ r }}
{% print 'printed', 1 + 1 %}
	{%+ if true %} kept {%+ endif +%}
    {% if true -%}   
   tight   
   {%- endif %}
line one {# gone #}
  {#- eats #}  after {#+ keeps +#}
x{{- ' y ' -}}   z
"""
templates["loop control"] = """\
{% for m in messages %}
{% if m.role == 'system' %}{% continue %}{% endif %}
{% if loop.index > 4 %}stop{% break %}{% endif %}
{{ loop.cycle('odd', 'even') }} {{ loop.index }} {{ loop.index0 }} {{ loop.revindex }} {{ loop.revindex0 }} {{ loop.first }} {{ loop.last }} {{ loop.length }}
 {{- ' after ' ~ loop.previtem.role if loop.previtem is defined else ' first' }} {{ loop.nextitem.role if loop.nextitem is defined else 'final' }}
 {{- ' changed' if loop.changed(m.role) }}
{% else %}
nothing completed
{% endfor %}
{% for m in messages if m.role == 'nobody' %}x{% else %}nobody{% endfor %}
{% for a in [1] %}{% break %}{% else %}else after break{% endfor %}
{% for i in range(10) if i is odd %}{{ i }}/{{ loop.length }}{{ '' if loop.last else ', ' }}{% endfor %}

{% for k, v in {'a': 1, 'b': [2, 3]}.items() %}{{ k }}={{ v }};{% endfor %}
{% for x in 'héy' %}[{{ x }}{{ loop.nextitem }}]{% endfor %}
{% for i in range(3) %}{% for j in range(i) %}{{ i }}{{ j }}{{ loop.length }} {% endfor %}{% if loop.first %}{% continue %}{% endif %}{{ loop.index }};{% endfor %}
{% set ns = namespace(go=true, n=0) %}{% for i in range(9) if ns.go %}{{ i }}{% if i == 3 %}{% set ns.go = false %}{% endif %}{% endfor %}
"""
templates["parts"] = """\
{%- macro render(content) -%}
{%- if content is string -%}{{ content }}
{%- elif content is none or content is undefined -%}
{%- elif content is mapping -%}{{ content.items() | list }}
{%- else -%}
{%- for part in content -%}
{%- if part.type == 'image' or 'image' in part -%}<image {{ loop.index }}>{%- elif part['type'] == 'text' -%}{{ part.text }}{%- endif -%}
{%- if not loop.last %} {% endif -%}
{%- endfor -%}
{%- endif -%}
{%- endmacro -%}
{% for message in messages %}
<{{ message.role | capitalize }}> {{ render(message.content) }}
{% if message.content is iterable and message.content is not string and message.content is not mapping %}
{{ message.content | selectattr('type', 'equalto', 'text') | map(attribute='text') | join('/') }} {{ message.content | map(attribute='type') | unique | list }}
{{ message.content | selectattr('text', 'defined') | list | length }} {{ (message.content | first).type }} {{ (message.content | last).text }}
{% endif %}
{% endfor %}
{{ messages | map(attribute='role') | map('upper') | list }} {{ messages | groupless if false else 'x' }}
"""
templates["parts"] = templates["parts"].replace(" {{ messages | groupless if false else 'x' }}", "{% if false %}{{ messages | unknown_filter }}{{ 1 is unknown_test }}{% endif %}")
templates["printed"] = """\
{% for m in messages %}
{{ m }}
{{ m | tojson }}
{{ m.content | tojson }} {{ [m.role, m.missing | default('-'), 1.0, true, none] }} {{ (m.role,) }} {{ m.keys() | list }} {{ m.values() | list | length }}
{{ "%s: %6s|%5.2f|%03d%%" | format(m.role, 'ab', 3.14159, loop.index) }} {{ "{0}-{1:5}-{name!r}".format(m.role, loop.index, name=m.role) }}
{% endfor %}
{{ messages | string | length }} {{ tools }} {{ documents }}
"""
templates["documents"] = """\
{% if documents %}
{% for d in documents | sort(attribute='title', reverse=true) %}
Document {{ loop.index0 }}: {{ d.title | title }}
{{ d.text | indent(2) }}

{% endfor %}
{% set n = documents | length %}{{ n }} {{ 'document' if n == 1 else 'documents' }}{{ ' (' ~ documents | sum(attribute='n', start=n) ~ ')' if documents[0].n is defined }}
{% endif %}
{%- for message in messages -%}
{%- if message.role not in ['user', 'assistant', 'system', 'tool'] -%}
{{ raise_exception("Unknown role: " + message.role + "!") }}
{%- endif -%}
{{ message.content | default('', true) | string | length }} characters from {{ message.role | replace('user', 'you') | title }}, {{ message.content | string | replace(' ', '_', 2) }}
{% endfor -%}
"""
templates["changed messages"] = """\
{%- set first = {'role': 'system', 'content': 'Added.'} -%}
{%- set all = [first] + messages -%}
{%- for m in all -%}
{%- set m = dict(m, name='n' ~ loop.index) -%}
{{ m.name }}{{ m.role }}={{ m.content | string | reverse }};
{%- endfor %}
{% for m in messages[::2] %}{{ m | length }}:{{ m.role }} {% endfor %}
{% for m in messages | reverse %}{{ m.role[0] | upper }}{{ loop.revindex }}{% endfor %}
{% for i in range(messages | length) %}{{ messages[i].role[:2] }}{{ messages[-1 - i].role[-2:] }} {% endfor %}
{% set ns = namespace(text='', all=[]) %}{% for m in messages %}{% set ns.text = ns.text ~ m.role[::2] %}{% set ns.all = ns.all + [m.role] %}{% endfor %}{{ ns.text }} {{ ns.all }}
{% set x = 0 %}{% for m in messages %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 9 %}{% endif %}{{ x }}
"""
templates["colons and else"] = """\
{% if messages: %}{% for m in messages: %}{{ m.role }}{% else: %}none{% endfor %}{% else: %}no messages{% endif %}
"""

# Expressions, each a template of its own.

values = dict(
    n=7, big=9007199254740993, f=2.5, s="  Hello World\n", word="naïve", t=True, none_value=None, empty="", items=[3, 1, 2], words=["b", "A", "c", "a"],
    d={"a": 1, "b": {"c": [10, 20]}, "items": "key", "x y": None}, users=[
        {"name": "Zoe", "age": 30, "on": True}, {"name": "adam", "age": 25, "on": False}, {"name": "Bea", "age": 30}
    ], nested=[[1, [2]], {"k": (1, "two")}], html="<a href='x'>&\"</a>", text="a-b_c d1e\tf\n\ng", messages=[{"role": "user", "content": "Hi"}])
expressions = []


def add(block):
    for line in block.strip("\n").split("\n"):
        if line.strip():
            expressions.append("{{ " + line + " }}")


add(r"""
1
-1
- 1
+1
1_000
0x1F
0b101
0o17
1.5
1e3
1.5e-7
1E+2
1_0.2_5
1e16
1e15
123456789012345680.0
0.0001
0.00001
-0.0
1e22
1e300 * 1e10
1/3
2/1
7 // 2
-7 // 2
7 // -2
-7 % 3
7 % -3
7.5 // 2
-7.5 % 2
7.5 % -2
2 ** 10
2 ** -1
2 ** 0.5
2 ** 3 ** 2
-2 ** 2
(-8) ** 3
0 ** 0
1 / 0
1 // 0
1 % 0
1.0 // 0
0 ** -1
n + 1
n - f
n * f
n / 2
n // 2
f // 1
n % 4
big + 1
big == 9007199254740993.0
t + 1
t * 3
true + true
-true
'a' + 'b'
'a' + 1
'a' * 3
3 * 'ab'
'a' * -1
[1] * 2
[1] + [2]
(1,) + (2,)
[1] + (2,)
'a' - 'b'
none + 1
missing + 1
1 + missing
missing
missing.x
missing['x']
missing.x.y
d.missing
d.missing.x
d.missing == missing
missing == none
not missing
missing ~ 'x'
missing is defined
missing is undefined
d.a is defined
d.a
d['a']
d.b.c
d.b.c[1]
d.b.c.0
d.b.c[-1]
d.b.c[5]
d['b']['c']
d.items
d['items']
d.get('a')
d.get('z')
d.get('z', 5)
d['x y']
d.keys()
d.values()
d.items()
d.items() | list
d.keys() | list
d.pop('a')
d.pop
d.update({})
d.pop is defined
d.clear is defined
d.__class__
d.copy()
items.append(1)
items.append
items.index(1)
items.index(9)
items.count(1)
items.sort()
items[0]
items['0']
items[1:]
items[:-1]
items[::-1]
items[::2]
items[-2:]
items[5:]
items[:100]
items[2:0:-1]
items[::0]
items['a':]
items[1.0]
items[true]
none_value[0]
none_value.x
none_value['x'] is defined
none_value[1:]
n.x
n[0]
n[0:1]
d[1:2]
d[[1]]
word[0]
word[2]
word[-1]
word[1:4]
word[::-1]
word[10]
word['upper']()
word.upper
s.strip()
s.strip
1 == 1.0
1 == true
'1' == 1
1 != 2
1 < 2
1 < 2 < 3
1 < 3 < 2
3 > 2 > 1
1 <= 1
2 >= 3
'a' < 'b'
'B' < 'a'
'a' < 1
none < 1
[1, 2] < [1, 3]
[1] < [1, 0]
[1, 2] == [1, 2]
[1, 2] == (1, 2)
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
1 in [1, 2]
3 not in [1, 2]
'ell' in 'hello'
'' in 'x'
'a' in d
'z' not in d
1 in 'abc'
1 in 5
'x' in missing
missing in [1]
[1] in d
1.0 in [1]
true and 1
0 or 'x'
'' or none
not 1
not none
true and false or true
not true or true
not (true or true)
1 if true else 2
1 if false else 2
1 if false
(1 if false) is defined
'a' if 0 else 'b' if 0 else 'c'
1 if n > 5 else missing.x
none
None
True
False
true
[1, 'a', none, true, 1.5]
(1, 'a')
(1,)
()
[]
{}
{'a': 1, "b": [1, 2], 3: none}
{'a': 1, 'a': 2}
{1: 'a', true: 'b', 1.0: 'c'}
{[1]: 2}
[1, 2,]
(1, 2,)
{'a': 1,}
1, 2
'it''s'
'a' 'b' "c"
'it\'s'
"it's"
"a\"b"
'tab\tnew\nline'
'\x41\u00e9\U0001F600\101\0'
'\q\z'
'a\
b'
['it\'s', "say \"x\"", 'both \' "', 'new\nline', 'é', '\x00\x7f\u200b\u00a0\U0001F600', '\\']
'%5s|%5.1s|%05d|%d|%i|%.3f|%6.2f|%06.1f|%%' % ('ab', 'cd', -42, 3.9, true, 1, 2.345, -1.25)
'%(a)s and %(a)d' % {'a': 3}
'{:5}|{:5}|{:.2}|{:05d}|{:.2f}|{:8.3f}'.format('ab', 7, 'cdef', -42, 2.345, 1)
'{}|{!r}|{!s:6}|{:s}'.format(true, 'a', none, 'b')
'{1}{0}{1}'.format('a', 'b')
'{0}{}'.format('a', 'b')
'{}{0}'.format('a', 'b')
'{:5}'.format(true)
'{:d}'.format(1.5)
'{:s}'.format(1)
'{:f}'.format('a')
'{:5}'.format([1])
'%d' % 'a'
'%s' % 'x'
'%s %s' % (1, 2)
'%d items' % 3
'%(a)s-%(b)s' % d
'%s' % [1, 2]
'%s' % (1, 2)
'%s %s' % 1
'%d' % 'x'
'%r' % 'x'
'%d' % 3.9
'%x' % 3.5
'%.3s|' % 'abcdef'
'%z' % 1
'%s' % none
'%i' % true
'{} {}'.format(1, 'a')
'{0}{1}{0}'.format('a', 'b')
'{a}-{b}'.format(a=1, b=2)
'{!r} {!s}'.format('a', 'b')
'{{}} {}'.format(1)
'{} {}'.format(1)
'{'.format(1)
'}'.format(1)
'{x}'.format(y=1)
'{} {0}'.format(1)
'{:d}'.format('a')
'{:s}'.format(1)
'{}'.format(none)
'{:5}'.format(true)
'{:08.3f}'.format(-3.14159)
""")
add(r"""
s.upper()
s.lower()
s.title()
s.strip().capitalize()
'hELLO wORLD'.capitalize()
"they're bill's".title()
"they're bill's" | title
'hello-world (foo) [bar] <x> a_b' | title
'ﬁn ǆ straße' | title
'ǆabc'.capitalize()
'ΑΣ ΑΣΑ'.lower()
'ÀÉ ß ﬁ İ'.upper()
'İ'.lower()
s.strip('\n ')
'xxhixx'.strip('x')
'xyhiyx'.lstrip('xy')
'xyhiyx'.rstrip('yx')
'  a '.strip(none)
'\u00a0\u2003a\x1f\x85'.strip()
'a,b,c'.split(',')
'a,b,c'.split(',', 1)
'a,b,c'.split(',', maxsplit=1)
'a,b,c'.rsplit(',', 1)
'a,b,c'.rsplit(',', maxsplit=0)
'aaa'.split('aa')
'aaa'.rsplit('aa')
'aaaa'.rsplit('aa', 1)
'  a  b c '.split()
'  a  b c '.split(none, 1)
'  a  b c '.rsplit(none, 1)
'  a  b c '.rsplit(none, 0)
'  a  b c '.split(none, 0)
'abc'.split('')
''.split()
''.split(',')
'a b'.split(' ', -1)
'a\nb\r\nc\rd\x0be\x85f\u2028g\n'.splitlines()
'a\nb\r\n'.splitlines(true)
'a\n\nb'.splitlines(keepends=True)
''.splitlines()
'hello'.startswith('he')
'hello'.startswith(('x', 'he'))
'hello'.startswith('l', 2)
'hello'.startswith('l', 2, 3)
'hello'.startswith('', 9)
'hello'.endswith('lo')
'hello'.endswith(('x', 'y'))
'hello'.endswith('ell', 0, 4)
'hello'.startswith(1)
'hello'.replace('l', 'L')
'hello'.replace('l', 'L', 1)
'hello'.replace('', '-')
'hello'.replace('', '-', 2)
'hello'.replace('l', '')
''.replace('', 'x')
'hello'.replace('x', 1)
'hello'.find('l')
'hello'.find('l', 3)
'hello'.find('l', 4)
'hello'.find('z')
'hello'.find('')
'hello'.find('', 5)
'hello'.find('', 6)
'naïve'.find('v')
'hello'.find('l', -2)
'hello'.find('lo', 0, 4)
'hello'.rfind('l')
'hello'.rfind('l', 0, 3)
'hello'.rfind('')
'hello'.index('e')
'hello'.index('z')
'hello'.rindex('l')
'hello'.count('l')
'aaaa'.count('aa')
'abc'.count('')
'abcabc'.count('b', 2)
', '.join(['a', 'b'])
', '.join('abc')
', '.join([1, 2])
', '.join(d)
', '.join([])
'prefix-x'.removeprefix('prefix-')
'prefix-x'.removeprefix('x')
'x.txt'.removesuffix('.txt')
'x'.removesuffix('')
'123'.isdigit()
'1²'.isdigit()
'1²'.isdecimal()
'½'.isnumeric()
''.isdigit()
'abc'.isalpha()
'ab1'.isalpha()
'ab1'.isalnum()
'é漢'.isalpha()
' \t'.isspace()
'abc'.islower()
'aBc'.islower()
'ABC'.isupper()
'12'.isupper()
'abc'.isascii()
'a=b=c'.partition('=')
'a=b=c'.rpartition('=')
'abc'.partition('=')
'abc'.rpartition('=')
'abc'.partition('')
'ab'.nope()
'ab'.nope
'ab'.upper(1)
'ab'.upper().lower().title()
'a b c'.split()[1]
'a b c'.split(' ') | last
('x' ~ 1 ~ none ~ 1.0 ~ [1])
1 ~ 2
'a' ~ ('b' + 'c')
'a' + 'b' ~ 'c' + 'd'
""")
add(r"""
items | length
items | count
missing | length
5 | length
none | length
d | length
'é' | length
items | first
items | last
[] | first
[] | last
'abc' | first
'abc' | last
d | first
d | last
missing | first
range(3) | last
items | sort
items | sort(reverse=true)
items | sort(true)
words | sort
words | sort(case_sensitive=true)
words | sort(true, true)
users | sort(attribute='age') | map(attribute='name') | list
users | sort(attribute='age,name') | map(attribute='name') | list
users | sort(attribute='name', reverse=true) | map(attribute='name') | list
[1, 'a'] | sort
[[2, 1], [1, 2]] | sort
[none, 1] | sort
'bca' | sort
d | sort
items | reverse | list
'abc' | reverse
'nai\u0308' | reverse
d | reverse | list
range(3) | reverse | list
items | map('string') | reverse
5 | reverse
items | join
items | join(', ')
items | join(d='-')
users | join(', ', attribute='name')
'abc' | join('.')
missing | join
5 | join
[1, none, true, 'a', 1.5] | join(' ')
items | map('string') | list
words | map('upper') | list
words | map('replace', 'a', 'x') | list
users | map(attribute='name') | list
users | map(attribute='on') | list
users | map(attribute='on', default='?') | list
users | map(attribute='name.0') | list
[[1, 2], [3, 4]] | map(attribute=1) | list
[[1, 2], [3, 4]] | map('first') | list
[[1, 2], [3, 4]] | map('sum') | list
items | map('nope') | list
items | map | list
items | select('odd') | list
items | select('gt', 1) | list
items | select('in', [1, 2]) | list
[0, 1, '', 'a', none] | select | list
[0, 1, '', 'a', none] | reject | list
items | reject('odd') | list
items | reject('divisibleby', 3) | list
users | selectattr('on') | map(attribute='name') | list
users | selectattr('age', 'equalto', 30) | map(attribute='name') | list
users | selectattr('age', '>', 26) | map(attribute='name') | list
users | selectattr('on', 'defined') | list | length
users | rejectattr('on') | map(attribute='name') | list
users | rejectattr('age', 'eq', 30) | map(attribute='name') | list
users | selectattr('nope', 'undefined') | list | length
users | selectattr('age', 'nope') | list
missing | selectattr('x') | list
none | selectattr('x') | list
items | select('odd') | first
items | select('odd') | length
items | select('odd') | last
words | unique | list
words | unique(case_sensitive=true) | list
users | unique(attribute='age') | map(attribute='name') | list
[1, 1.0, true, '1'] | unique | list
[[1], [1]] | unique | list
items | min
items | max
[] | min
words | min
words | max(case_sensitive=true)
users | max(attribute='age')
users | min(attribute='name')
[1, 'a'] | max
items | sum
users | sum(attribute='age')
users | sum('age', 10)
[1, 2.5] | sum
['a'] | sum
[[1], [2]] | sum(start=[])
d | dictsort
{'b': 1, 'A': 2, 'c': 0} | dictsort
{'b': 1, 'A': 2, 'c': 0} | dictsort(true)
{'b': 1, 'A': 2, 'c': 0} | dictsort(by='value')
{'b': 1, 'A': 2, 'c': 0} | dictsort(false, 'value', true)
d | items | list
missing | items | list
items | items | list
d | list
'abc' | list
missing | list
5 | list
none | list
range(5) | list
range(1, 5) | list
range(5, 0, -2) | list
range(0) | list
range(3)
range(0, 10, 3)
range(10)[2:8:2]
range(10)[::-1] | list
range(10)[3]
range(10)[::-1]
range(2, 20, 3)[1:4]
range(10, 0, -2)[::2]
range(5)[3:1]
big < 9007199254740992.0
big > 9007199254740992.0
n < 7.5
range(3) == range(0, 3, 1)
range(1.5)
range('a')
range(1, 2, 0)
range(1000000)
range(3) | length
2 in range(3)
s | trim
s | trim('\n')
'xxaxx' | trim('x')
5 | trim
none | trim
'a' | upper
5 | upper
'ABC' | lower
'hello world' | capitalize
'hello' | replace('l', 'L')
'hello' | replace('l', 'L', 1)
12321 | replace('2', 'x')
'hello' | replace('l', 3)
missing | default('x')
missing | d('x')
none | default('x')
none | default('x', true)
'' | default('x', boolean=true)
'' | default('x')
missing | default
d.b.zz | default([]) | length
'3' | int
'3.7' | int
3.7 | int
-3.7 | int
' 12 ' | int
'0x1f' | int(base=16)
'0x1f' | int(0, 16)
'ff' | int(base=16)
'1010' | int(base=2)
'abc' | int
'abc' | int(5)
'1_000' | int
none | int
none | int(7)
[] | int
true | int
'1e3' | int
'inf' | int
missing | int
'3.5' | float
'abc' | float
'abc' | float(1.5)
'inf' | float
'-nan' | float
'1_0.5' | float
' 2e3 ' | float
7 | float
none | float
true | float
missing | float
3.14159 | round
3.14159 | round(2)
2.5 | round
3.5 | round
-2.5 | round
2.675 | round(2)
1234.5 | round(-2)
1250 | round(-2)
1350 | round(-2)
7 | round
7 | round(1)
3.2 | round(0, 'ceil')
3.8 | round(method='floor')
3.14159 | round(3, 'ceil')
7 | round(0, 'floor')
3.2 | round(0, 'nope')
'a' | round
-5 | abs
-2.5 | abs
true | abs
'a' | abs
5 | string
none | string
true | string
1.0 | string
[1] | string
5 | string | length
text | indent
text | indent(2)
text | indent('> ')
text | indent(2, true)
text | indent(2, true, true)
text | indent(width=1, blank=true)
'' | indent(first=true)
5 | indent
'%s-%s' | format(1, 2)
'%s' | format(1, 2)
'%s %%' | format('a')
html | e
html | escape
html | safe
'<' + ('<' | safe)
('<' | e) + '<'
('<' | safe) ~ '<'
('<' | safe | upper) + '<'
(' < ' | safe).strip() + '<'
(' < ' | safe | trim) + '<'
'<' | e | e
('a' | safe) * 2 + '<'
('%s' | safe) % '<'
('<' | safe) is escaped
('<' | safe)[0] + '<'
('<b' | safe).split('b')[0] + '<'
('<' | safe | replace('<', '&')) + '<'
('<' | safe | string) + '<'
(['<'] | join('<' | safe)) + '<'
('<' | safe) + ('<' | safe)
('<' | safe) == '<'
('<' | safe) | tojson
5 | e
html | string | safe | upper
users | map(attribute='age') | sum / users | length
items | join('-') | upper | replace('-', '+')
'a' | upper ~ 'b'
-1 | abs
(-1) | abs
- (1 | abs)
n | string + 'x'
not items | length
1 + items | length
items | length > 2
items | length * 2
2 ** items | length
'a,b' | upper.split(',')
('a,b' | upper).split(',')
items | nope
items | length | nope
""")
add(r"""
d | tojson
d | tojson(indent=2)
d | tojson(2)
d | tojson(none, 4)
d | tojson(true)
d | tojson(indent='--')
d | tojson(indent=0)
d | tojson(separators=(',', ':'))
d | tojson(separators=[', ', ' = '], indent=1)
{'b': 1, 'a': {'d': 1, 'c': 2}} | tojson(sort_keys=true)
{'b': 1, 1: 2} | tojson(sort_keys=true)
{1: 'a', none: 'b', true: 'c', 1.5: 'd'} | tojson
{(1, 2): 3} | tojson
nested | tojson
html | tojson
word | tojson
word | tojson(ensure_ascii=true)
'\U0001F600\x7f\u2028' | tojson(ensure_ascii=true)
'a\n\t\r\b\f\x00\x1f\x7f\u2028"\\/é😀' | tojson
[] | tojson
{} | tojson
[[], {}] | tojson(indent=2)
none | tojson
true | tojson
1.0 | tojson
1e16 | tojson
1e-7 | tojson
'inf' | float | tojson
'nan' | float | tojson
missing | tojson
range(3) | tojson
items | map('string') | tojson
items | map('string') | list | tojson
d.items() | list | tojson
(1, 2) | tojson
big | tojson
-0.0 | tojson
users | tojson(indent=4, sort_keys=true)
1 is odd
2 is even
7 is divisibleby(3)
9 is divisibleby 3
'a' is odd
1.0 is odd
1 is number
1.5 is number
true is number
'1' is number
1 is integer
true is integer
1.0 is integer
1.0 is float
1 is float
true is boolean
1 is boolean
none is none
missing is none
'a' is string
missing is string
d is mapping
[] is mapping
[] is sequence
() is sequence
'a' is sequence
d is sequence
5 is sequence
missing is sequence
range(3) is sequence
d.items() is sequence
items | map('string') is iterable
'a' is iterable
5 is iterable
none is iterable
missing is iterable
d.keys() is iterable
range is callable
d.get is callable
5 is callable
missing is callable
true is true
1 is true
false is false
0 is false
none is false
'abc' is lower
'ABC' is upper
'aBc' is lower
5 is lower
1 is eq 1
1 is eq(1)
1 is equalto 1.0
1 is ne 2
1 is lt 2
1 is le 1
2 is gt 1
2 is ge 3
'a' is lt 1
1 is in [1, 2]
'a' is in 'abc'
'a' is not in 'abc'
1 is sameas 1
1 is sameas true
true is sameas true
none is sameas none
d is sameas d
[] is sameas []
'upper' is filter
'nope' is filter
'odd' is test
'nope' is test
html is escaped
1 is not odd
not 1 is odd
1 is odd and 2 is even
1 is odd or nope
1 is nope
d.a is defined and d.a == 1
missing is not defined
missing.x is defined
d.q is defined
d.q.x is defined
d['q'] is defined
none is defined
1 is defined is defined
items is defined if true else 1
n is divisibleby n
n is divisibleby
1 + 1 is even
'a' in d and d.a is odd
namespace(a=1).a
namespace(a=1).b
namespace(a=1).b is defined
namespace(a=1)['a']
namespace({'a': 2}).a
namespace(_a=1)
namespace(a=1) is mapping
dict(a=1, b=2)
dict([('a', 1), ('b', 2)])
dict({'a': 1}, b=2)
dict(d, a=5)
dict(5)
strftime_now('%Y-%m-%d')
strftime_now('%d %B %Y, %H:%M:%S') | upper
strftime_now('%a %b %d')
strftime_now(5)
strftime_now
raise_exception('no')
raise_exception('no') if false else 'yes'
range(2) | list + [5]
(range(2) | list) + [5]
loop
x = 1
1 +
(1
1)
[1, 2
{'a' 1}
a b
'a
1 2
| upper
items |
items[
d.
d.1
5.upper()
not
is
1 is
if
@
$x
a ? b
a && b
1 <> 2
1 === 1
!x
`a`
\x
'a' 1
f(*[1, 2])
'{}-{}'.format(*[1, 2])
'{a}-{b}'.format(**{'a': 1, 'b': 2})
'{}-{b}'.format(*[1], **{'b': 2})
'x'.join(*[['a', 'b']])
range(*[1, 4]) | list
range(1, *[4]) | list
dict(**d)
dict(a=1, **{'a': 2})
dict(a=1, a=2)
'a'.replace(old='a', new='b')
'a' | replace(old='a', new='b')
'a' | replace('a')
'a' | replace('a', 'b', 'c')
items | join(sep=',')
items | first(1)
missing()
n()
'a'()
d.a()
none()
messages[0].content
messages[0]['role']
messages | length
(messages | first).role
messages[-1].role
messages[1].role
messages[1] is defined
1.5.x
1 . x
items . 0
items.0.0
d . b . c
[1, 2, 3][1]
{'a': {'b': 1}}.a.b
'abc'[1]
(1, 2)[0]
[x for x in items]
lambda: 1
'a' if 'b'
"{{ '}}' }}"
'%}'
{'a': {'b': {}}}
- items | length
[1, 2, 3] | map('float') | list
1000000 * 1000000
99999999999 * 1.0
0.1 + 0.2
1e400
100 // 0.3
5 // -0.3
1.0 * 3
3 * 1.5
10 / 4
10 / 5
2.0 ** 3
-7 // 2 * 2 + -7 % 2
1 - 1 - 1
2 - -2
2 * 3 + 4 * 5
2 + 3 ~ 4 + 5
'a' < 'b' == true
1 == 1 == 1
1 == 1 in [true]
none == false
[] == false
'' == none
{} == []
'é' == 'e\u0301'
'a' 'b' | upper
'a' ~ 'b' | upper
(1, 2) | first
1, 2 | first
{'a': 1}['a']
{'a': 1} | length
[{'a': 1}, {'a': 2}] | map(attribute='a') | sum
[3, 1, 2] | sort | first
[3, 1, 2] | sort | join('<')
d.b.c | join('/')
words | map('lower') | sort | unique | join
'A' | lower == 'a'
""")

# Statements, small ones and malformed ones.
expressions += [
    "", "plain", "a\n", "a\n\n", "\n{{ 1 }}\n", "{{ 1 }}\n\n", "{% if true %}\nx\n{% endif %}\ny", "  {% if true %}x{% endif %}  y", "a  {%- if true -%}  x  {%- endif -%}  b",
    "{%+ if true +%}\nx{% endif %}", "  {%+ if true %}x{% endif %}", "{{- 1 -}} \n 2", " {{-1}}{{+1}}", "{# c #}\nx", "  {# c #}\nx", "a {#- c -#} b", "{#+ c +#}\nx", "{#", "{# a", "{#-#}x", "{# a # } b #}c",
    "{% raw %}{{ x }}{% endraw %}", "{% raw %}\n x\n  {% endraw %}\ny", "{%- raw -%}  x  {%- endraw -%}  y", "{% raw %}{% raw %}{% endraw %}", "{% raw %}", "{% raw %}{% endraw", "{%raw%}{%endraw%}",
    "{{", "{{ 1", "{{ 1 }", "}}", "%}", "{%", "{% %}", "{% if %}", "{% if true %}", "{% endif %}", "{% if true %}{% endfor %}", "{% for x in %}{% endfor %}", "{% for in items %}{% endfor %}",
    "{% for x in items %}", "{% for x items %}{% endfor %}", "{% else %}", "{% elif true %}", "{% unknown %}", "{% set %}", "{% set x %}", "{% set x = %}", "{% set 1 = 2 %}", "{% set true = 1 %}",
    "{% set x = 1 %}{{ x }}", "{% set x, y = 1, 2 %}{{ x }}{{ y }}", "{% set (x, y) = (1, 2) %}{{ x }}{{ y }}", "{% set x, y = [1] %}", "{% set x, y = 'ab' %}{{ y }}{{ x }}", "{% set x = 1, 2 %}{{ x }}", "{% set d.a = 1 %}", "{% set q.a = 1 %}",
    "{% set ns = namespace() %}{% set ns.a = 1 %}{{ ns.a }}", "{% set ns = namespace() %}{% set ns._a = 1 %}", "{% set ns = namespace() %}{% set ns.a, x = 1, 2 %}{{ ns.a }}{{ x }}", "{% set ns = namespace(n=0) %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
    "{% set x %}a{{ n }}{% endset %}{{ x }}", "{% set x | upper %}a{{ n }}{% endset %}{{ x }}", "{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x }}", "{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% for i in items %}{{ i }}{% endfor %}{{ i }}", "{% for a, b in d.items() %}{{ a }}{% endfor %}", "{% for a, b in items %}{% endfor %}", "{% for a, b in ['xy', 'zw'] %}{{ b }}{{ a }}{% endfor %}", "{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for x in n %}{% endfor %}", "{% for x in none %}{% endfor %}", "{% for x in missing %}a{% else %}b{% endfor %}", "{% for x in d %}{{ x }},{% endfor %}", "{% for x in 'ab' %}{{ loop.index }}{{ x }}{% endfor %}",
    "{% for x in items %}{{ loop }}{% endfor %}", "{% for x in items %}{{ loop.nope is defined }}{% endfor %}", "{% for x in items %}{{ loop | length }}{% endfor %}", "{% for loop in items %}{% endfor %}", "{% for x in items %}{{ loop(items) }}{% endfor %}", "{% for x in items %}{{ loop.cycle() }}{% endfor %}",
    "{% for x in items if x > 1 %}{{ x }}{{ loop.index }}{{ loop.length }}{% endfor %}", "{% for x in items if x > 9 %}{{ x }}{% else %}none{% endfor %}", "{% for x in items if loop.index %}{% endfor %}", "{% for x in items recursive %}{{ x }}{% endfor %}", "{% for x in [[1, [2]], []] recursive %}[{{ loop(x) if x is iterable else x }}]{% endfor %}",
    "{% for x in items %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}", "{% for x in items %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "{% break %}", "{% continue %}", "{% for x in items %}{% set y %}{% break %}{% endset %}{% endfor %}{{ y is defined }}",
    "{% for x in items %}{% for y in items %}{{ loop.index }}{{ x }}{{ y }} {% endfor %}{{ loop.index }};{% endfor %}", "{% for x in items | map('string') %}{{ loop.last }}{{ loop.length }}{% endfor %}", "{% for x in items %}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}",
    "{% if n > 5 and n < 10 %}a{% elif n == 5 %}b{% else %}c{% endif %}", "{% if false %}a{% elif false %}b{% elif true %}c{% else %}d{% endif %}", "{% if 1, 2 %}x{% endif %}", "{% if missing %}a{% endif %}b", "{% if missing.x %}a{% endif %}b", "{% if not missing %}a{% endif %}",
    "{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=5, a=4) }}{{ m() }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}", "{% macro m(a=1, b) %}{% endmacro %}",
    "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}", "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}x{% endcall %}", "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}", "{% macro m() %}x{% endmacro %}{% call m() %}y{% endcall %}", "{% macro m() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b) m() %}{{ b }}{{ a }}{% endcall %}",
    "{% macro m(caller) %}{{ caller() }}{% endmacro %}{% call m() %}x{% endcall %}", "{% call 1 %}{% endcall %}", "{% call n() %}{% endcall %}", "{% macro m(x) %}{% if x > 0 %}{{ x }}{{ m(x - 1) }}{% endif %}{% endmacro %}{{ m(5) }}", "{% macro m() %}{{ y }}{% endmacro %}{% set y = 5 %}{{ m() }}", "{% set y = 1 %}{% macro m() %}{% set y = 2 %}{{ y }}{% endmacro %}{{ m() }}{{ y }}",
    "{% macro m(a, b=a ~ 'x') %}{{ b }}{% endmacro %}{{ m('q') }}", "{% macro m(a, b=[]) %}{{ b | length }}{% endmacro %}{{ m(1) }}", "{% for i in items %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}", "{% macro m() %}{% endmacro %}{{ m }}", "{% macro m() %}{% endmacro %}{{ m.name }}", "{% macro m(a) %}{% for i in range(2) %}{{ a }}{{ loop.index }}{% endfor %}{% endmacro %}{{ m('z') | upper }}",
    "{% filter upper %}a{{ n }}b{% endfilter %}", "{% filter replace('a', 'b') | upper %}aac{% endfilter %}", "{% filter nope %}{% endfilter %}", "{% filter upper %}{% set z = 1 %}{% endfilter %}{{ z is defined }}", "{% with %}{% set z = 1 %}{{ z }}{% endwith %}{{ z is defined }}", "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}", "{% with a = n %}{{ a }}{% endwith %}{{ a }}",
    "{% generation %}x{{ n }}{% endgeneration %}", "{% generation %}{% set z = 1 %}{% endgeneration %}{{ z is defined }}", "{% for x in items %}{% generation %}{{ x }}{{ loop.index }}{% endgeneration %}{% endfor %}", "{% generation %}", "{% for x in items %}{% generation %}{% break %}{% endgeneration %}{% endfor %}",
    "{% do items.append(1) %}", "{% include 'x' %}", "{% extends 'x' %}", "{% import 'x' as y %}", "{% trans %}x{% endtrans %}", "{% print 1 %}", "{% print 1, 'a' %}", "{% print %}", "{% debug %}",
    "{{ raise_exception('stop: ' ~ n) }}", "{% if false %}{{ x | nope }}{% endif %}ok", "{% if true %}{{ 1 | nope }}{% endif %}", "{{ 1 | nope if false }}", "{{ 1 if false else 2 | nope }}", "{{ 1 if n is nope else 2 }}", "{{ [1 if true else 2, 1 | nope] }}", "{% set x = '\r\n' %}[{{ x }}]", "a\r\nb\rc", "{{ 'a\r\nb' }}", "é{{ 'ü' }}漢", "{{ naïve }}", "{% set naïve = 1 %}{{ naïve }}", "{% set _x = 1 %}{{ _x }}",
    "{{ 1 }}{{ 2 }}", "{{1}}", "{{'a'}}", "{{ {'a': {'b': 1}}.a.b }}", "{{ {'a':1} }}", "{{{'a':1}}}", "{{ [{'a':1}] }}", "{{ '{{' }}", "{{ '{%' }}", "{% if '%}' %}x{% endif %}", "{{ 'a' }}}", "{ { 1 } }", "{a}", "{{ n }}\n{{ n }}\n", "x\n  {{ n }}\n  {% if true %}\n  y\n  {% endif %}\n  z\n", "{%if true%}x{%endif%}", "{%-if true-%} x {%-endif-%}",
    "{% set x = {'a': 1}.a %}{{ x }}", "{% set messages = messages + messages %}{{ messages | length }}", "{% set n = n + 1 %}{{ n }}", "{% for n in [n] %}{{ n }}{% endfor %}{{ n }}", "{% set items = items | sort %}{{ items }}", "{% if n is defined %}{% set q = n %}{% endif %}{{ q }}", "{% if n is not defined %}{% set q = n %}{% endif %}{{ q is defined }}",
    "{% set ns = namespace(x=[]) %}{% for i in items %}{% set ns.x = ns.x + [i * 2] %}{% endfor %}{{ ns.x }}", "{% set it = items | map('string') %}{{ it | list }}{{ it | list }}", "{% set it = items | select %}{{ it | first }}{{ it | list }}", "{% set it = d.items() %}{{ it | list | length }}{{ it | list | length }}", "{% set r = items | reverse %}{{ r | list }}{{ r | list }}",
]


def outcome(make):
    try:
        return make()
    except Exception as error:
        if type(error).__name__ in ("MemoryError", "RecursionError", "KeyboardInterrupt"):
            raise
        return None


def render(source, context):
    messages = context["messages"]
    given = {**shared, **{key: value for key, value in context.items() if key != "messages"}}
    return outcome(lambda: chat.render_jinja_template([messages], chat_template=source, **given)[0][0])


def generated(source, context, text):
    given = {**shared, **{key: value for key, value in context.items() if key != "messages"}}
    ranges = chat.render_jinja_template([context["messages"]], chat_template=source, return_assistant_tokens_mask=True, **given)[1][0]
    bytes_to = lambda count: len(text[:count].encode())
    return [[bytes_to(start), bytes_to(end)] for start, end in ranges if start < end]


def main():
    cases = []
    for name, source in templates.items():
        for title, context in conversations.items():
            text = render(source, context)
            ranges = generated(source, context, text) if text is not None and "generation %}" in source else []
            cases.append([name, title, text, ranges])
    results = []
    for source in expressions:
        text = outcome(lambda: chat._cached_compile_jinja_template(source).render(**values))
        if text is not None and " at 0x" in text:
            print("left out, for it prints an address:", source)
            continue
        results.append([source, text])
    document = {
        "conversations": {name: encode({**shared, **context}) for name, context in conversations.items()}, "templates": templates, "cases": cases,
        "values": encode(values), "expressions": results,
    }
    (here / "templates.json").write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    errors = [title for title in {case[0] for case in cases} if all(case[2] is None for case in cases if case[0] == title)]
    print(len(cases), "cases,", sum(case[2] is None for case in cases), "errors, always:", errors, len(results), "expressions,",
          sum(text is None for _, text in results), "errors")


if __name__ == "__main__":
    main()
