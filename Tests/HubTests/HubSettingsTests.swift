import Foundation
import Support
import TestSupport
import Testing

@testable import Hub

@Suite struct HubSettingsTests {
    @Test("the variables of Hugging Face's programs are read as these read them")
    func variables() throws {
        let bare = try HubSettings.fromEnvironment(["HOME": "/home/x"])
        #expect(bare.endpoint.absoluteString == "https://huggingface.co" && bare.cacheFolder == "/home/x/.cache/huggingface/hub")
        #expect(try HubSettings.fromEnvironment(["HOME": "/h", "XDG_CACHE_HOME": "/x"]).cacheFolder == "/x/huggingface/hub")
        #expect(try HubSettings.fromEnvironment(["HOME": "/h", "HF_HOME": "~/hf"]).cacheFolder == "/h/hf/hub")
        let set = try HubSettings.fromEnvironment(
            ["HF_ENDPOINT": "http://mirror:8080/hf/", "HF_HUB_CACHE": "/c", "HF_TOKEN": " hf_x\n", "HF_HUB_OFFLINE": "yes"])
        #expect(set.endpoint.absoluteString == "http://mirror:8080/hf" && set.cacheFolder == "/c" && set.token == "hf_x" && set.isOffline)
    }

    @Test("the token is taken from the file in HF_HOME where no variable gives it")
    func tokenFile() throws {
        try withTemporaryFolder { folder in
            try FileSystem().replace("\(folder)/token", with: Array("hf_file\n".utf8))
            #expect(try HubSettings.fromEnvironment(["HF_HOME": folder]).token == "hf_file")
            #expect(try HubSettings.fromEnvironment(["HF_HOME": folder, "HF_TOKEN": "hf_given"]).token == "hf_given")
        }
    }

    @Test("an endpoint that is no address, and a token that would break a header, are refused")
    func refused() {
        for environment in [["HF_ENDPOINT": "hub.example.org"], ["HF_ENDPOINT": "ftp://a"], ["HF_TOKEN": "a\nb: c"]] {
            let error = #expect(throws: TrainerError.self) { try HubSettings.fromEnvironment(environment) }
            #expect(error?.code == .configuration)
        }
    }
}
