import Support
import Testing

@testable import Data

@Suite struct CachePlaceTests {
    @Test("cache: auto, none and nothing are words, other texts are folders, and what looks like another type is refused")
    func reading() {
        #expect(CachePlace(configuration: .plain("auto")) == .auto)
        #expect(CachePlace(configuration: .plain("none")) == .memory)
        #expect(CachePlace(configuration: .null) == .memory)
        #expect(CachePlace(configuration: .plain("/scratch/cache")) == .folder("/scratch/cache"))
        #expect(CachePlace(configuration: .plain("false")) == nil)
        for place in [CachePlace.auto, .memory, .folder("a b")] { #expect(CachePlace(configuration: place.configuration) == place) }
    }

    @Test("auto: XDG_CACHE_HOME goes before HOME, and without either the key is named")
    func auto() throws {
        #expect(try CachePlace.auto.path { ["XDG_CACHE_HOME": "/c", "HOME": "/h"][$0] } == "/c/trainer")
        #expect(try CachePlace.auto.path { ["XDG_CACHE_HOME": "relative", "HOME": "/h"][$0] } == "/h/.cache/trainer")
        #expect(try CachePlace.memory.path { _ in nil } == nil)
        #expect {
            try CachePlace.auto.path { _ in nil }
        } throws: {
            ($0 as? TrainerError)?.subject == "data.cache"
        }
    }
}
