import QtQuick
import QtQuick.Controls
import Quern.Ui

// A button that shows only an icon. `text` is its name, for the tooltip and the screen reader.
ToolButton {
    id: button

    property string symbol: ""
    property string shortcut: ""
    property int size: Spacing.control

    implicitWidth: size
    implicitHeight: size
    padding: 0
    display: AbstractButton.IconOnly
    icon.source: symbol ? "qrc:/icons/" + symbol + ".svg" : ""
    icon.width: Math.round(size * 0.56)
    icon.height: Math.round(size * 0.56)
    icon.color: enabled ? (checked ? Colors.accent : Colors.text) : Colors.strongBorder
    opacity: enabled ? 1 : 0.6
    focusPolicy: Qt.StrongFocus

    Accessible.name: text
    Accessible.description: shortcut

    background: Rectangle {
        radius: Spacing.radius
        color: button.down ? Colors.pressed : button.hovered ? Colors.hover : "transparent"

        FocusRing { visible: button.visualFocus }
    }

    Tip {
        visible: button.hovered || button.visualFocus
        text: button.text
        shortcut: button.shortcut
    }
}
