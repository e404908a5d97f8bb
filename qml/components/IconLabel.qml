import QtQuick
import QtQuick.Controls
import Quern.Ui

// An icon in the colour of its surroundings; it does nothing.
Item {
    id: label

    property string symbol
    property int size: 16
    property color ink: Colors.mutedText

    implicitWidth: size
    implicitHeight: size

    // A button is the public item that colours an icon.
    ToolButton {
        anchors.centerIn: parent
        width: label.size
        height: label.size
        padding: 0
        enabled: false
        focusPolicy: Qt.NoFocus
        display: AbstractButton.IconOnly
        icon.source: label.symbol ? "qrc:/icons/" + label.symbol + ".svg" : ""
        icon.width: label.size
        icon.height: label.size
        icon.color: label.ink
        background: null
        Accessible.ignored: true
    }
}
