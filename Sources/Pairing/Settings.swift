// SPDX-License-Identifier: Apache-2.0

/// How long things may take.
public struct Timing: Hashable, Sendable {
    /// How long a person has to answer. The radio protocol ends a pairing after 30 s (Core Specification, Vol 3, Part H,
    /// 3.4), so it has to be less.
    public var request = Duration.seconds(25)
    /// How long a person has to say what is to be done about a lost bond; no radio protocol waits for it.
    public var repair = Duration.seconds(300)
    /// How long digits are shown, at most.
    public var display = Duration.seconds(30)
    /// How long a device, or a fact that a rule asks for, is looked for.
    public var discovery = Duration.seconds(30)
    /// A whole pairing that we start, from its turn on, where the command says nothing else.
    public var pairing = Duration.seconds(60)
    /// What the other side may take after a question was answered: the radio protocol's 30 s, and some.
    public var incoming = Duration.seconds(35)
    /// What BlueZ may take to disconnect, to remove, or to give a cancelled `Pair()` back.
    public var promptness = Duration.seconds(10)
    /// How long the end of a link that we closed is given before the next `Pair()`: from Linux 6.12 on the kernel reports
    /// it twice, and BlueZ takes the second report for the end of what has begun since (`src/adapter.c`,
    /// disconnect_complete).
    public var linkSettling = Duration.milliseconds(500)
    /// What the property `Paired` may lag behind the result of `Pair()`.
    public var verification = Duration.seconds(5)
    /// What `Pair()` may go on once the bond is there: BlueZ answers when it has read the services (`src/device.c`,
    /// device_bonding_complete).
    public var serviceDiscovery = Duration.seconds(10)
    /// What the evidence of why BlueZ took a question back may lag behind.
    public var evidence = Duration.seconds(2)
    /// How long a finished request is kept.
    public var finishedRequest = Duration.seconds(60)

    /// How long a device is listened to before what it has not said counts as not there. Devices that save energy
    /// advertise every few seconds.
    public var settling = Duration.seconds(5)
    /// How long a device is left alone after its first automatic pairing that came to nothing; each further one doubles it,
    /// up to ``longestLockOut``.
    public var backOff = Duration.seconds(10)
    /// The first lock-out; each further failure doubles it.
    public var lockOut = Duration.seconds(30)
    public var longestLockOut = Duration.seconds(3600)

    public init() {}
}

/// How much is kept, so that a neighbour with changing addresses can neither fill the memory nor hide what is real.
public struct Bounds: Hashable, Sendable {
    /// Pairings that wait for their turn.
    public var queuedPairings = 64
    /// Pairings that devices started and that go on.
    public var incomingPairings = 1024
    /// Open requests of incoming pairings and services; those of pairings that we started come on top.
    public var openRequests = 1024
    public var openRequestsPerDevice = 4
    /// Finished pairings that are kept; those that a rule refused have a quarter of the room.
    public var finishedPairings = 32
    /// Finished requests that are kept, within ``Timing/finishedRequest``.
    public var finishedRequests = 1024
    /// Removals of devices under way.
    public var removals = 64
    /// Failed pairings in a row before a device is locked out; 0 for any number.
    public var failuresPerDevice = 5
    /// The same for all devices of an adapter that start pairings.
    public var failuresPerAdapter = 50
    /// Devices that are followed because a rule may start a pairing with them.
    public var candidates = 64
    /// Refusals without a question that are recorded within a minute.
    public var refusalsPerMinute = 20
    /// Changes of `Pairable` by others that are undone within a minute; then others have their way for one.
    public var pairableCorrections = 3
    /// Links of which it is kept what was seen of them.
    public var links = 256
    /// Devices of which it is kept what their pairings came to.
    public var records = 4096
    /// Pairings whose end nobody saw.
    public var unsettled = 64
    /// Devices whose failures are counted.
    public var countedDevices = 4096

    public init() {}
}

/// What is done to adapters without anybody's asking for it.
public struct Conduct: Hashable, Sendable {
    /// Is `Adapter1.Pairable` ours to switch? Without it, a pairing without a bond cannot be had.
    public var managesPairable = true
    /// Do we discover, between pairings, as long as a rule may start one?
    public var discovers = false
    /// The same, while a window is open?
    public var discoversInWindow = false
    /// Can phones find us while a window is open?
    public var isDiscoverableInWindow = false
    /// Is a bond removed that another program made with a device that no rule matches?
    public var undoesForeignBonds = false

    public init() {}
}
