pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Quern.App
import Quern.Ui

// What stands in place of a conversation that has not begun: how to get a model, or how one could begin.
Item {
    id: empty

    required property ChatSession session
    required property RecentModels recentModels

    signal chooseFolder()
    signal prompted(text: string)

    readonly property bool ready: session.model.state === ModelSlot.Ready
    readonly property bool loading: session.model.state === ModelSlot.Loading

    readonly property var examples: [
        { title: qsTr("Explain"), text: qsTr("Explain how a hash table works, with a small example in Python.") },
        { title: qsTr("Write"), text: qsTr("Write a friendly message that moves our Friday meeting to Monday at ten.") },
        { title: qsTr("Compare"), text: qsTr("Compare rye, wheat and spelt for baking bread, in a table.") },
        { title: qsTr("Plan"), text: qsTr("Plan a weekend in Lisbon for two people who like walking and old bookshops.") }
    ]

    ColumnLayout {
        anchors.centerIn: parent
        width: Math.min(Spacing.reading, parent.width - 2 * Spacing.huge)
        spacing: Spacing.small

        IconLabel {
            Layout.alignment: Qt.AlignHCenter
            symbol: "mill"
            size: 40
            ink: Colors.accent
        }

        Label {
            Layout.fillWidth: true
            Layout.topMargin: Spacing.small
            horizontalAlignment: Text.AlignHCenter
            wrapMode: Text.Wrap
            text: empty.ready ? qsTr("What shall we work on?") : empty.loading ? qsTr("Loading %1").arg(empty.session.model.name) : qsTr("Choose a model to chat with")
            color: Colors.text
            font.pixelSize: Fonts.display
            font.weight: Font.DemiBold
            Accessible.role: Accessible.Heading
        }

        Label {
            Layout.fillWidth: true
            horizontalAlignment: Text.AlignHCenter
            wrapMode: Text.Wrap
            text: empty.ready ? qsTr("%1 runs on this computer. Nothing you write leaves it.").arg(empty.session.model.name)
                : empty.loading ? empty.session.model.phase + "…"
                : qsTr("Open a folder that holds config.json, tokenizer.json and .safetensors files, as published on Hugging Face.")
            color: Colors.mutedText
            font.pixelSize: Fonts.body
        }

        TextButton {
            objectName: "emptyOpenFolder"
            Layout.alignment: Qt.AlignHCenter
            Layout.topMargin: Spacing.large
            implicitHeight: 40
            visible: !empty.ready && !empty.loading
            primary: true
            symbol: "folder"
            text: qsTr("Open a model folder…")
            shortcut: "Ctrl+O"
            onClicked: empty.chooseFolder()
        }

        Meter {
            Layout.alignment: Qt.AlignHCenter
            Layout.topMargin: Spacing.medium
            Layout.preferredWidth: 200
            visible: empty.loading
            value: -1
            name: qsTr("Loading the model")
        }

        TextButton {
            Layout.alignment: Qt.AlignHCenter
            Layout.topMargin: Spacing.small
            visible: empty.loading
            quiet: true
            text: qsTr("Cancel")
            onClicked: empty.session.model.unload()
        }

        ColumnLayout {
            Layout.alignment: Qt.AlignHCenter
            Layout.topMargin: Spacing.large
            Layout.fillWidth: true
            Layout.maximumWidth: 420
            visible: !empty.ready && !empty.loading && recent.count > 0
            spacing: 0

            Repeater {
                id: recent

                model: empty.recentModels

                RecentModelRow {
                    required property int index

                    Layout.fillWidth: true
                    visible: index < 4
                    onChosen: empty.session.model.load(folder)
                    onForgotten: empty.recentModels.forget(folder)
                }
            }
        }

        GridLayout {
            Layout.fillWidth: true
            Layout.topMargin: Spacing.huge
            visible: empty.ready && empty.height > 400
            columns: width > 520 ? 2 : 1
            columnSpacing: Spacing.medium
            rowSpacing: Spacing.medium

            Repeater {
                model: empty.examples

                ExamplePrompt {
                    required property var modelData
                    required property int index

                    objectName: "example" + index
                    title: modelData.title
                    text: modelData.text
                    onClicked: empty.prompted(modelData.text)
                }
            }
        }
    }
}
