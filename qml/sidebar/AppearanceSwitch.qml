pragma ComponentBehavior: Bound

import QtQuick
import Quern.App
import Quern.Ui

// Light, dark, or as the desktop has it.
Row {
    id: choice

    required property Appearance appearance

    readonly property var schemes: [
        { value: Appearance.System, symbol: "monitor", name: qsTr("As the desktop has it") },
        { value: Appearance.Light, symbol: "sun", name: qsTr("Light") },
        { value: Appearance.Dark, symbol: "moon", name: qsTr("Dark") }
    ]

    Repeater {
        model: choice.schemes

        IconButton {
            required property var modelData

            objectName: "scheme" + modelData.value
            size: 28
            symbol: modelData.symbol
            text: modelData.name
            checked: choice.appearance.scheme === modelData.value
            Accessible.role: Accessible.RadioButton
            onClicked: choice.appearance.scheme = modelData.value
        }
    }
}
