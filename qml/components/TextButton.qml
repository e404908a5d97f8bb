import QtQuick
import QtQuick.Controls
import Quern.Ui

// A button with a text, and an icon if it has a `symbol`. `primary` is the one thing to do next.
Button {
    id: button

    property string symbol: ""
    property string shortcut: ""
    property bool primary: false
    property bool quiet: false

    readonly property color ink: primary ? Colors.accentText : Colors.text

    implicitHeight: Spacing.control
    leftPadding: quiet ? Spacing.small : Spacing.medium
    rightPadding: leftPadding
    spacing: 6
    font.pixelSize: quiet ? 13 : Fonts.body
    font.weight: primary ? Font.DemiBold : Font.Medium
    icon.source: symbol ? "qrc:/icons/" + symbol + ".svg" : ""
    icon.width: 16
    icon.height: 16
    icon.color: ink
    opacity: enabled ? 1 : 0.5
    palette.buttonText: ink
    palette.brightText: ink

    Accessible.name: text
    Accessible.description: shortcut

    background: Rectangle {
        radius: Spacing.radius
        color: button.primary ? (button.down ? Qt.darker(Colors.accent, 1.15) : button.hovered ? Qt.darker(Colors.accent, 1.07) : Colors.accent)
                              : button.down ? Colors.pressed : button.hovered ? Colors.hover : button.quiet ? "transparent" : Colors.raised
        border.width: button.primary || button.quiet ? 0 : 1
        border.color: Colors.border

        FocusRing { visible: button.visualFocus }
    }

    Tip {
        visible: (button.hovered || button.visualFocus) && button.shortcut
        text: button.text
        shortcut: button.shortcut
    }
}
