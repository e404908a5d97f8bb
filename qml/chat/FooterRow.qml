import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Quern.App
import Quern.Ui

// The end of an answer: how it ended, its figures, and what can be done with it.
ReadingColumn {
    id: row

    required property ChatSession session
    required property string messageId
    required property int messageState
    required property string error
    required property string advice
    required property string figures
    required property bool isLast

    readonly property bool open: messageState === MessageState.Waiting || messageState === MessageState.Generating
    readonly property bool cut: messageState === MessageState.Cancelled || messageState === MessageState.Interrupted
        || messageState === MessageState.Truncated

    space: Spacing.small

    HoverHandler { id: hover }

    ColumnLayout {
        width: parent.width
        spacing: Spacing.small

        PromptProgress {
            visible: row.messageState === MessageState.Waiting
            run: row.session.run
        }

        Notice {
            objectName: "answerError"
            Layout.fillWidth: true
            Layout.topMargin: Spacing.small
            visible: row.messageState === MessageState.Failed
            text: row.error
            advice: row.advice
            actionText: row.isLast ? qsTr("Retry") : ""
            actionShortcut: "Ctrl+R"
            onAction: row.session.regenerate()
        }

        RowLayout {
            visible: row.cut
            Layout.topMargin: Spacing.tiny
            spacing: Spacing.small

            Label {
                objectName: "answerState"
                text: row.messageState === MessageState.Cancelled ? qsTr("Stopped.")
                    : row.messageState === MessageState.Truncated ? qsTr("The longest answer or the end of the context was reached.")
                    : qsTr("Interrupted when the program ended.")
                color: Colors.mutedText
                font.pixelSize: 13
            }

            TextButton {
                objectName: "continueAnswer"
                visible: row.isLast
                enabled: row.session.canSend
                symbol: "play"
                text: qsTr("Continue")
                shortcut: "Alt+Return"
                onClicked: row.session.continueAnswer()
            }

            TextButton {
                visible: row.isLast
                enabled: row.session.canSend
                symbol: "refresh"
                text: qsTr("Retry")
                shortcut: "Ctrl+R"
                onClicked: row.session.regenerate()
            }
        }

        RowLayout {
            Layout.leftMargin: -6
            visible: !row.open
            spacing: 0

            IconButton {
                objectName: "copyAnswer"
                symbol: "copy"
                size: 28
                text: qsTr("Copy answer")
                shortcut: row.isLast ? "Ctrl+Shift+C" : ""
                onClicked: row.session.copyMessage(row.messageId)
            }

            IconButton {
                objectName: "regenerateAnswer"
                symbol: "refresh"
                size: 28
                text: row.isLast ? qsTr("Answer again") : qsTr("Answer again, dropping what follows")
                shortcut: row.isLast ? "Ctrl+R" : ""
                enabled: row.session.canSend
                onClicked: row.session.regenerate(row.messageId)
            }

            Label {
                Layout.leftMargin: Spacing.small
                visible: row.isLast || hover.hovered
                text: row.figures
                color: Colors.mutedText
                font.pixelSize: Fonts.small
            }
        }
    }
}
