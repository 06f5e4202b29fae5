import Foundation
import Support
import Tokenizers

func value(_ any: Any) -> TemplateValue {
    if let text = any as? String { return .string(text) }
    guard let parts = any as? [Any], let kind = parts.first as? String else { return .undefined("no value") }
    let text = parts.count > 1 ? parts[1] as? String ?? "" : ""
    let items = parts.count > 1 ? parts[1] as? [Any] ?? [] : []
    switch kind {
    case "int": return .integer(Int(text) ?? 0)
    case "float": return .double(Double(text) ?? 0)
    case "true", "false": return .boolean(kind == "true")
    case "list", "tuple": return .list(items.map(value))
    case "dict": return .mapping(items.compactMap { $0 as? [Any] }.map { ($0[0] as? String ?? "", value($0[1])) })
    default: return .none
    }
}
func field(_ pairs: [Any], _ name: String) -> Any? { pairs.compactMap { $0 as? [Any] }.first { $0[0] as? String == name }?[1] }
// cases: [[name, source, context, text|null]]
let file = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1]))) as? [[Any]] ?? []
var byName: [String: (Int, Int, String)] = [:]
var order: [String] = []
let start = ContinuousClock.now
for row in file {
    guard let name = row[0] as? String, let source = row[1] as? String, let context = row[3] as? [Any], let pairs = context[1] as? [Any] else { continue }
    let title = row[2] as? String ?? ""
    var messages: [TemplateValue] = []
    if let list = field(pairs, "messages") as? [Any], let items = list[1] as? [Any] { messages = items.map(value) }
    var flag = false
    if let f = field(pairs, "add_generation_prompt") as? [Any], f[0] as? String == "true" { flag = true }
    let variables = pairs.compactMap { $0 as? [Any] }.compactMap { pair -> (String, TemplateValue)? in
        let name = pair[0] as? String ?? ""
        return ["messages", "tools", "documents", "add_generation_prompt"].contains(name) ? nil : (name, value(pair[1]))
    }
    var found: String?
    var problem = ""
    do {
        let template = try ChatTemplate(source, name: name)
        let time = TemplateTime(year: 2026, month: 2, day: 3, hour: 4, minute: 5, second: 6)
        found = try template.render(
            TemplateContext(messages: messages, tools: field(pairs, "tools").map(value) ?? .none, documents: field(pairs, "documents").map(value) ?? .none,
                addsGenerationPrompt: flag, variables: variables), time: time).text
    } catch { problem = error.description }
    let wanted = row[4] as? String
    if byName[name] == nil { order.append(name) }
    var entry = byName[name] ?? (0, 0, "")
    entry.0 += 1
    if found.map({ Array($0.utf8) }) == wanted.map({ Array($0.utf8) }) { entry.1 += 1 } else if entry.2.isEmpty {
        entry.2 = "\(title): found \(found ?? problem)\n   WANTED \(wanted ?? "error")"
    }
    byName[name] = entry
}
for name in order { if let e = byName[name] { print("\(e.0 == e.1 ? "same" : "DIFF") \(e.1)/\(e.0) \(name)\(e.2.isEmpty ? "" : "\n   " + e.2)") } }
print(file.count, "renderings in", ContinuousClock.now - start)
if CommandLine.arguments.count > 2 {
    let deep: [(String, String)] = [
        ("macro", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
        ("macro+for+list", "{% macro m() %}{% if 1 %}{% for x in [1] %}{{ [(m(),)] }}{% endfor %}{% endif %}{% endmacro %}{{ m() }}"),
        ("blocks", "{% macro m() %}{% set x %}{% filter upper %}{% with %}{% generation %}{{ m()|upper }}{% endgeneration %}{% endwith %}{% endfilter %}{% endset %}{% endmacro %}{{ m() }}"),
        ("default", "{% macro m(x=m()) %}{% endmacro %}{{ m() }}"), ("recursive", "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}"),
        ("call", "{% macro m() %}{% call m() %}{% endcall %}{{ caller() if 0 }}{% endmacro %}{{ m() }}"),
        ("arith", "{% macro m() %}{{ 1 + (1 * (-(not (m() ~ 'a')))) }}{% endmacro %}{{ m() }}"),
        ("test", "{% macro m() %}{{ m() is defined }}{% endmacro %}{{ m() }}"), ("map", "{% macro m() %}{{ [m()] | map('upper') | list }}{% endmacro %}{{ m() }}"),
        ("parse", String(repeating: "{% if 1 %}", count: 99) + "{{ " + String(repeating: "(", count: 200)), ("parse2", "{{ " + String(repeating: "(", count: 98) + "1" + String(repeating: ")", count: 98) + "}}"),
        ("chain", "{{ 1" + String(repeating: " + 1", count: 240) + "}}"), ("parse3", "{{ " + String(repeating: "[1, {2: (", count: 33) + "1" + String(repeating: ")}]", count: 33) + "}}"),
        ("value", "{% set ns = namespace(x=1) %}{% for i in range(190) %}{% set ns.x = [{1: ns.x}] if i % 2 else (ns.x,) %}{% endfor %}{{ ns.x }}"),
        ("json", "{% set ns = namespace(x=1) %}{% for i in range(180) %}{% set ns.x = {'a': ns.x} %}{% endfor %}{{ ns.x | tojson(indent=1) | length }}{{ ns.x == ns.x }}"),
    ]
    for (name, source) in deep {
        let kb = Int(CommandLine.arguments[2]) ?? 512
        let thread = Thread {
            do { let r = try ChatTemplate(source, name: name).render(TemplateContext(messages: [])); print("ok", kb, name, r.text.utf8.count) } catch { print("ok", kb, name, error) }
        }
        thread.stackSize = kb << 10
        thread.start()
        while !thread.isFinished { usleep(1000) }
    }
    let slow = [
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "{% set a = 'x' * 9000000 %}{% for i in range(1000) %}{% set b = a | upper %}{% endfor %}",
        "{% set a = 'é' * 4000000 %}{% for i in range(1000) %}{% set b = a | lower %}{% endfor %}", "{% set a = 'x' * 9000000 %}{% for i in range(1000) %}{{ 'y' in a }}{% endfor %}",
        "{{ ('x' * 9000000) | list }}", "{{ range(100000) | list | sort(reverse=true) }}{{ range(100000) | map('string') | sort | join }}",
        "{% set a = 'a b ' * 2000000 %}{% for i in range(1000) %}{% set b = a.split() %}{% endfor %}", "{% set a = 'x' * 9000000 %}{% for i in range(100000) %}{{ a[i] }}{% endfor %}",
        "{% set a = '\\n' * 9000000 %}{% for i in range(100000) %}{% set x = a | tojson %}{% endfor %}", "{% set a = 'x' * 9000000 %}{% for i in range(100000) %}{% set x = a | wordcount %}{% endfor %}",
        "{% set a = 'x' * 9000000 %}{% for i in range(100000) %}{% set x = a == a %}{% endfor %}", "{% set a = 'x' * 200 %}{% for i in range(100000) %}{% for j in range(100000) %}{% set b = a | upper %}{% endfor %}{% endfor %}",
        "{% set a = 'x' * 250 %}{% for i in range(100000) %}{% for c in a %}{% endfor %}{% endfor %}", "{% set a = 'ab' * 100 %}{% for i in range(100000) %}{% for j in range(100000) %}{% set b = a.split('a') %}{% endfor %}{% endfor %}",
        "{% set d = dict(a=1) %}{% for i in range(100000) %}{% set d = dict(d, a=i, b=[i]) %}{% endfor %}", "{% for i in range(100000) %}{% for j in range(100000) %}{{ '%s %5.3f' % (i, j) }}{% endfor %}{% endfor %}",
        "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = ns.x + [i] %}{% endfor %}", "{% set ns = namespace(x='') %}{% for i in range(100000) %}{% set ns.x = ns.x + 'abc' %}{% endfor %}",
    ]
    for source in slow {
        let start = ContinuousClock.now
        var text = ""
        do { text = "text of \(try ChatTemplate(source, name: "t").render(TemplateContext(messages: [])).text.utf8.count)" } catch { text = "\(error)" }
        print(ContinuousClock.now - start, source.prefix(90), text.prefix(80))
    }
}
