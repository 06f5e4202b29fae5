import ArgumentParser
import Planning

/// `trainer keys`: every key that a configuration may have.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Lists every key of a configuration: its default, its range, what it means.")

    func run() { print(RunConfiguration.explanation) }
}
