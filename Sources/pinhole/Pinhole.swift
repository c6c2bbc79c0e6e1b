@main
struct Pinhole {
    static func main() {}
}
