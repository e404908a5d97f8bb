pragma Singleton
import QtQuick

// Families and sizes of type, in pixels.
QtObject {
    readonly property string code: "JetBrains Mono"
    readonly property int small: 12
    readonly property int body: 14
    readonly property int reading: 15
    readonly property int title: 16
    readonly property int display: 24

    function heading(level: int): int {
        return [22, 19, 17, 15, 15, 15][Math.max(0, Math.min(5, level - 1))];
    }
}
