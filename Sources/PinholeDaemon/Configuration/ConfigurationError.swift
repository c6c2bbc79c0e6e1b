/// What is wrong with a configuration file, in the order of its lines.
package struct ConfigurationError: Error {
    /// At least one.
    package let problems: [Obstacle]

    package init(_ problems: [Obstacle]) { self.problems = problems }
}
