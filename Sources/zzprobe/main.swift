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
