DROP TABLE photo_face_check;
