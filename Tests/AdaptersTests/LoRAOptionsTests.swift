import Support
import Testing

@testable import Adapters

@Suite struct LoRAOptionsTests {
    @Test("scale: lora_alpha / r, or lora_alpha / sqrt(r) with use_rslora")
    func scale() {
        var options = LoRAOptions()
        #expect(options.scale == 2)
        options.useRslora = true
        #expect(options.scale == 8)
    }

    @Test("target_modules: all-linear or a list of names, and nothing else")
    func targets() {
        let list = ConfigurationNode(.list([.plain("q_proj"), .plain("v_proj")]))
        #expect(TargetModules(configuration: .plain("all-linear")) == .allLinear)
        #expect(TargetModules(configuration: list) == .names(["q_proj", "v_proj"]))
        #expect(TargetModules(configuration: .plain("q_proj")) == nil)
        #expect(TargetModules(configuration: ConfigurationNode(.list([]))) == nil)
        for targets in [TargetModules.allLinear, .names(["a"])] { #expect(TargetModules(configuration: targets.configuration) == targets) }
    }
}
