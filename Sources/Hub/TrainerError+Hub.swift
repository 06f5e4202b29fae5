import Foundation
import Support

extension TrainerError {
    /// What a hub's refusal means for the reader.
    static func refusal(_ head: HTTPClient.Head, _ reference: HubReference, _ settings: HubSettings) -> TrainerError {
        let (hub, subject) = (settings.endpoint.absoluteString, reference.description)
        let isWithheld = settings.token != nil && !settings.endpoint.isPrivate
        let code = head.header("X-Error-Code")
        switch (head.status, code) {
        case (401, "GatedRepo"?), (403, _):
            return TrainerError(
                .file, subject, "\(hub) lets only those in who accepted its terms (\(head.status))",
                remedy: "Accept them at \(hub)/\(reference.repository), and give a token of that account in HF_TOKEN")
        case (401, _) where isWithheld:
            return TrainerError(
                .file, subject, "\(hub) wants a token (401), which is not sent over plain http", remedy: "Use https in HF_ENDPOINT")
        case (401, _):
            let remedy =
                settings.token == nil
                ? "Check the name; for a private model give a token in HF_TOKEN" : "Check the name, and that HF_TOKEN may read it"
            return TrainerError(.file, subject, "\(hub) has no such public model, or wants another token (401)", remedy: remedy)
        case (404, "RevisionNotFound"?):
            return TrainerError(.file, subject, "\(hub) has no revision \(reference.revision) of \(reference.repository) (404)")
        case (404, "EntryNotFound"?):
            return TrainerError(.file, subject, "\(hub) lists a file that it does not have (404)", remedy: "Try again, or name another revision")
        case (404, _):
            return TrainerError(.file, subject, "\(hub) has no such model or revision (404)", remedy: "Check the name")
        default:
            return TrainerError(.communication, subject, "\(hub) answers \(head.status)", remedy: "See whether HF_ENDPOINT is a Hugging Face hub")
        }
    }

    static func unreachable(_ reason: String, _ reference: HubReference, _ settings: HubSettings) -> TrainerError {
        TrainerError(
            .communication, reference.description, "\(settings.endpoint.absoluteString): \(reason)",
            remedy: "The same command goes on where this ended; without a network fetch it elsewhere and copy \(settings.cacheFolder)")
    }
}
