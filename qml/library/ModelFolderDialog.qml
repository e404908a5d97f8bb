import QtQuick.Dialogs

// Asks for the folder of a model.
FolderDialog {
    signal folderChosen(folder: url)

    title: qsTr("Open a model folder")
    onAccepted: folderChosen(selectedFolder)
}
