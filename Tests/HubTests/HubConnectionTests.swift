import Foundation
import Support
import TestSupport
import Testing

@testable import Hub

@Suite(.serialized) struct HubConnectionTests {
    @Test("the token goes to the hub and not to the host that it redirects to")
    func token() throws {
        try withHub { hub in
            hub.hub.wantedToken = "hf_secret"
            #expect(hub.error()?.problem.contains("wants another token (401)") == true)
            hub.settings.token = "hf_secret"
            try hub.fetch()
            let requests = hub.hub.requests
            #expect(requests.contains { $0.isToStore } && requests.filter(\.isToStore).allSatisfy { $0.headers["authorization"] == nil })
        }
    }

    @Test("passing refusals are tried again, after the time that the hub names; each attempt is told")
    func retries() throws {
        try withHub { hub in
            hub.hub.add(.status(429, headers: ["Retry-After": "0"]), .status(503), to: "revision/main")
            hub.hub.add(.status(500), to: "model.safetensors")
            var reasons: [String] = []
            try hub.fetch { if case .retries(let reason, _) = $0 { reasons.append(reason) } }
            #expect(reasons == ["the hub answers 429", "the hub answers 503", "the hub answers 500"])
        }
    }

    @Test("attempts end: a hub that stays broken or silent is one line, and nothing waits forever")
    func attemptsEnd() throws {
        try withHub { hub in
            hub.hub.add(.status(500), .status(500), .status(500), .status(500), to: "revision/main")
            let error = hub.error()
            #expect(error?.code == .communication && error?.problem.contains("answers 500") == true)
            hub.settings.retryDelays = []
            hub.hub.add(.silence, to: "revision/main")
            #expect(hub.error()?.code == .communication)
        }
    }

    @Test("each refusal says in one line what it means: 401, 403, 404, a revision that is not there, no hub at all")
    func refusals() throws {
        func problem(_ status: Int, _ code: String? = nil) throws -> TrainerError? {
            var found: TrainerError?
            try withHub { hub in
                hub.hub.add(.status(status, headers: code.map { ["X-Error-Code": $0] } ?? [:]), to: "revision/main")
                found = hub.error()
            }
            return found
        }
        #expect(try problem(401)?.remedy?.contains("for a private model give a token in HF_TOKEN") == true)
        #expect(try problem(401, "GatedRepo")?.problem.contains("accepted its terms") == true)
        #expect(try problem(403, "GatedRepo")?.remedy?.contains("/owner/name, and give a token") == true)
        #expect(try problem(404, "RepoNotFound")?.problem.contains("no such model") == true)
        #expect(try problem(418)?.code == .communication)
        try withHub(HubCase.files, "owner/name@v9") { hub in #expect(hub.error()?.problem.contains("has no revision v9") == true) }
        try withHub { hub in
            hub.hub.stop()
            let error = hub.error()
            #expect(error?.code == .communication && error?.description.contains("\n") == false)
        }
    }

    @Test("what is shown begins with files and bytes, rises to the whole, and ends")
    func events() throws {
        try withHub { hub in
            var events: [HubEvent] = []
            try hub.fetch { events.append($0) }
            let total = 40_000
            #expect(events.contains(.begins(files: 1, bytes: total)) && events.last == .ends(bytes: total))
            #expect(events.contains(.progress(file: "model.safetensors", bytes: total, of: total, total: total, ofTotal: total)))
        }
    }
}
