import QtQuick
import QtQuick.Layouts
import Quern.App
import Quern.Ui

// What the page has to say above the conversation: a model that would not load, chats that are not being saved.
ColumnLayout {
    id: notices

    required property ChatSession session

    signal chooseFolder()

    spacing: 0

    Notice {
        objectName: "modelError"
        Layout.fillWidth: true
        Layout.maximumWidth: Spacing.reading
        Layout.alignment: Qt.AlignHCenter
        Layout.leftMargin: Spacing.huge
        Layout.rightMargin: Spacing.huge
        Layout.bottomMargin: Spacing.small
        visible: notices.session.model.state === ModelSlot.Error
        text: notices.session.model.error
        advice: notices.session.model.advice
        actionText: qsTr("Choose another…")
        actionShortcut: "Ctrl+O"
        closable: true
        onAction: notices.chooseFolder()
        onClosed: notices.session.model.unload()
    }

    Notice {
        objectName: "storageError"
        Layout.fillWidth: true
        Layout.maximumWidth: Spacing.reading
        Layout.alignment: Qt.AlignHCenter
        Layout.leftMargin: Spacing.huge
        Layout.rightMargin: Spacing.huge
        Layout.bottomMargin: Spacing.small
        visible: text !== ""
        warning: true
        text: notices.session.storageError
        advice: qsTr("This chat goes on in memory. Free some space or mend the folder, then try again.")
        actionText: qsTr("Try again")
        onAction: notices.session.retryStorage()
    }
}
