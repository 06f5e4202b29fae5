import Glibc
import Support

guard CommandLine.arguments.count == 2 else {
    print("usage: TriageData <folder>   writes train.jsonl and heldout.jsonl there")
    exit(TrainerError.Code.configuration.exitStatus)
}
do {
    for line in try Dataset.write(into: CommandLine.arguments[1]) { print(line) }
} catch {
    print(error)
    exit(error.code.exitStatus)
}
