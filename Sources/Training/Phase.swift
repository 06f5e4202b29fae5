import MessagePassing
import Support

/// Says what this rank does from now on: in its flight record, and in its trace where there is one.
func enter(_ phase: String, _ trace: Trace?) {
    FlightRecord.own.enter(phase)
    trace?.enter(phase)
}
