import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Quern.App
import Quern.Ui

// One number of the settings: a slider and a field for the same value, what it does, and the way back.
ColumnLayout {
    id: row

    required property ChatSettings settings
    required property int index
    required property string key
    required property string title
    required property string group      // the heading above the row, or empty
    required property string help
    required property string hint
    required property string text
    required property real value
    required property real minimum
    required property real maximum
    required property real step
    required property bool integer
    required property bool initial

    property string complaint

    spacing: 2

    Label {
        Layout.topMargin: Spacing.huge
        visible: text
        text: row.group
        color: Colors.mutedText
        font.pixelSize: Fonts.small
        font.weight: Font.DemiBold
    }

    RowLayout {
        Layout.fillWidth: true
        Layout.topMargin: Spacing.medium
        spacing: Spacing.tiny

        Label {
            Layout.fillWidth: true
            text: row.title
            elide: Text.ElideRight
            color: Colors.text
            font.weight: Font.Medium
        }

        IconButton {
            visible: !row.initial
            symbol: "reset"
            size: 28
            text: qsTr("Set %1 back").arg(row.title)
            onClicked: {
                row.settings.reset(row.index);
                row.complaint = "";
            }
        }

        TextBox {
            id: field

            objectName: row.key
            Layout.preferredWidth: 84
            implicitHeight: 28
            horizontalAlignment: Text.AlignRight
            font.pixelSize: 13
            text: row.initial && row.hint ? "" : row.text
            placeholderText: row.hint || row.text
            wrong: row.complaint !== ""
            Accessible.name: row.title
            Accessible.description: row.help
            onEditingFinished: {
                row.complaint = row.settings.enter(row.index, text);
                if (row.complaint === "")
                    text = Qt.binding(() => row.initial && row.hint ? "" : row.text);
            }
        }
    }

    Slider {
        id: slider

        Layout.fillWidth: true
        implicitHeight: 24
        visible: !row.integer
        from: row.minimum
        to: row.maximum
        stepSize: row.step
        snapMode: Slider.SnapAlways
        value: row.value
        wheelEnabled: false
        Accessible.name: row.title
        onMoved: row.settings.set(row.index, value)

        background: Item {
            Meter {
                x: slider.leftPadding
                y: Math.round(slider.height / 2 - height / 2)
                width: slider.availableWidth
                value: slider.visualPosition
                Accessible.ignored: true
            }
        }

        handle: Rectangle {
            x: slider.leftPadding + slider.visualPosition * (slider.availableWidth - width)
            y: slider.height / 2 - height / 2
            width: 16
            height: 16
            radius: 8
            color: Colors.raised
            border.width: 2
            border.color: Colors.accent

            FocusRing { visible: slider.visualFocus; radius: 10 }
        }
    }

    Label {
        Layout.fillWidth: true
        text: row.complaint || row.help
        wrapMode: Text.Wrap
        color: row.complaint ? Colors.danger : Colors.mutedText
        font.pixelSize: Fonts.small
    }
}
